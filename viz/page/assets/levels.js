// The level of detail that is shown while the reader has chosen none: as fine as can be read.

const LEVEL_NAMES = { op: "operations", gate: "gates", cell: "cells", step: "states" };

class Levels {
  constructor(page) {
    this.page = page;
  }

  // The level that the page opens with: the finest of which all steps can be read at once, or else
  // the coarsest.
  opening() {
    const { canvas, number, picture: { levels, steps }, series } = this.page;
    const names = Object.keys(levels), last = names.at(-1);
    for (const name of names) {
      const count = (countOf(steps) - 1) * pitchOf(levels[name], series);
      if (name === last || count * FITS > canvas.width) continue;
      const drawing = this.page.unfold(number, name);
      if (canvas.whole(drawing).zoom >= FITS) return drawing;
    }
    return this.page.unfold(number, last);
  }

  // Zooming opens a step into gates, then operations, and closes it again, without changing place.
  open() {
    const { page } = this;
    const { canvas, overview, drawing, picture: { levels }, series } = page;
    if (page.pinned || !canvas.sized || page.placed === "fit") return;
    const pitch = drawing.distance * canvas.zoom;
    const names = Object.keys(levels);
    const coarsest = names.indexOf(overview.level);
    const level = names.find((name, k) => k >= coarsest
      || pitch >= OPENS[name] * pitchOf(levels[name], series));
    if (level === page.detail) return;
    const place = canvas.placeIn(drawing), state = page.state();
    canvas.fade();
    page.use(page.unfold(page.number, level));
    canvas.goToPlace(page.drawing, place);
    page.strips.refresh();
    page.shares.refresh();
    page.say();
    page.paths = null;
    page.restore(state);
    page.redraw(true);
  }
}

// How far apart the steps of a level stand, without unfolding it.
function pitchOf({ origins: [first] }, series) {
  const count = first ? countOf(first.steps) : 0;
  if (count < 2) return Infinity;
  const [number, offset] = first.x;
  return Math.abs(series[number][offset + count - 1] - series[number][offset]) / 10 / (count - 1);
}
