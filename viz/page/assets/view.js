// The window onto the graph: where it is, what is in it, what is under the mouse.

const CURVED = 0.22; // zoom from which edges are curves and nodes have outlines
const PITCH = 30; // pixels to a step below which only the states are drawn, as bands
const BAND = 34; // pixels, the height of a band

class View {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.zoom = 1;
    this.x = 0; // what stands at the canvas's left upper corner
    this.y = 0;
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    this.width = width;
    this.height = height;
    this.density = globalThis.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * this.density);
    this.canvas.height = Math.round(height * this.density);
  }

  // Moving about.

  fit(drawing) {
    const { left, right, top, bottom } = drawing.bounds;
    const margin = 24;
    this.zoom = Math.min((this.width - 2 * margin) / (right - left),
      (this.height - 2 * margin) / (bottom - top), 1.6);
    this.x = (left + right) / 2 - this.width / 2 / this.zoom;
    this.y = (top + bottom) / 2 - this.height / 2 / this.zoom;
  }

  // As high as the window, from the end of time, where the sweep begins.
  fitHeight(drawing) {
    const { left, right, top, bottom } = drawing.bounds;
    this.zoom = Math.min((this.height - 32) / (bottom - top), 1.3);
    const wide = this.width / this.zoom;
    this.x = right - left < wide ? (left + right - wide) / 2 : right + 24 / this.zoom - wide;
    this.y = (top + bottom - this.height / this.zoom) / 2;
  }

  zoomAt(x, y, factor) {
    const zoom = Math.max(0.0005, Math.min(6, this.zoom * factor));
    this.x += x / this.zoom - x / zoom;
    this.y += y / this.zoom - y / zoom;
    this.zoom = zoom;
  }

  // Bring a place into view if it is not, with some room around it.
  show(left, right, margin = 60) {
    const room = margin / this.zoom, wide = this.width / this.zoom;
    if (left - room < this.x) this.x = left - room - (right - left < wide / 2 ? wide * 0.4 : 0);
    else if (right + room > this.x + wide) this.x = right + room - wide;
  }

  visible(drawing) {
    const right = this.x + this.width / this.zoom;
    return [...drawing.columns.values()].filter((c) => c.right >= this.x && c.left <= right);
  }

  // Very small: each state is a band through time.
  far(drawing) {
    return drawing.pitch * this.zoom < PITCH;
  }

  bandTop(drawing, i) {
    return this.height / 2 + (i - drawing.states.length / 2) * (BAND + 20) + 14;
  }

  // What is under a place on the canvas: a node, a sum, an edge, or nothing.
  at(drawing, screenX, screenY) {
    const x = this.x + screenX / this.zoom, y = this.y + screenY / this.zoom;
    const inside = (n) => Math.abs(n.x - x) <= n.width / 2 + 2 && Math.abs(n.y - y) <= n.height / 2 + 2;
    const sum = drawing.sums.find(inside);
    if (sum) return { sum };
    if (this.far(drawing)) return this.inBand(drawing, x, screenY);
    const columns = this.visible(drawing).filter((c) => c.left - 8 <= x && c.right + 8 >= x);
    for (const column of columns) {
      const node = column.nodes.findLast(inside); // the uppermost
      if (node) return { node };
    }
    let best = null, nearest = Math.max(5, 5 / this.zoom);
    if (this.zoom < CURVED) return null;
    for (const column of columns) {
      for (const edge of column.edges) {
        const away = distance(edge, x, y);
        if (away < nearest) [best, nearest] = [edge, away];
      }
    }
    return best && { edge: best };
  }

  inBand(drawing, x, screenY) {
    const i = drawing.states.findIndex((_, k) => {
      const away = screenY - this.bandTop(drawing, k);
      return away >= 0 && away <= BAND;
    });
    if (i < 0) return null;
    const nodes = [...drawing.states[i].at.values()];
    const away = (node) => Math.abs(drawing.columns.get(node.step).left + drawing.pitch / 2 - x);
    return { node: nodes.reduce((a, b) => (away(b) < away(a) ? b : a)) };
  }
}

// How far a point is from a curve, from samples along it.
function distance({ points, shift }, x, y) {
  let nearest = Infinity;
  for (let k = 0; k + 7 < points.length; k += 6) {
    for (let i = 0; i <= 12; i++) {
      const t = i / 12, s = 1 - t;
      const w = [s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t];
      const px = w.reduce((sum, one, j) => sum + one * points[k + 2 * j], shift);
      const py = w.reduce((sum, one, j) => sum + one * points[k + 2 * j + 1], 0);
      nearest = Math.min(nearest, Math.hypot(px - x, py - y));
    }
  }
  return nearest;
}
