// The window onto the graph: where it is, what is in it, what is under the mouse.

const CURVED = 0.22; // zoom from which edges are curves and nodes have outlines
const PITCH = 30; // pixels to a step below which only the states are drawn, as bands
const BAND = 34; // pixels, the height of a band
const LARGEST = 6; // zoom

const within = (value, low, high) => Math.max(low, Math.min(high, value));

class View {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.zoom = 1;
    this.x = 0; // what stands at the canvas's left upper corner
    this.y = 0;
    this.width = this.height = 0;
  }

  // A hidden page has no size: the last one is kept, and there is nothing to draw on before the first.
  resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    this.width = width;
    this.height = height;
    this.density = globalThis.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * this.density);
    this.canvas.height = Math.round(height * this.density);
  }

  get sized() {
    return this.width > 0;
  }

  get middle() {
    return [this.x + this.width / 2 / this.zoom, this.y + this.height / 2 / this.zoom];
  }

  // Moving about.

  // The zoom at which so many units of the drawing fill the window, but for a margin.
  filling({ left, right, top, bottom }) {
    const inside = (size) => Math.max(size - 48, size / 2);
    return [inside(this.width) / (right - left), inside(this.height) / (bottom - top)];
  }

  fit({ bounds }) {
    this.zoom = Math.min(...this.filling(bounds), 1.6);
    this.lookAt((bounds.left + bounds.right) / 2, (bounds.top + bounds.bottom) / 2);
  }

  // As high as the window, from the end of time, where the sweep begins.
  fitHeight({ bounds: { left, right, top, bottom } }) {
    this.zoom = Math.min(this.filling({ left, right, top, bottom })[1], 1.3);
    const wide = this.width / this.zoom;
    const all = right - left < wide;
    this.lookAt(all ? (left + right) / 2 : right + 24 / this.zoom - wide / 2, (top + bottom) / 2);
  }

  lookAt(x, y) {
    this.x = x - this.width / 2 / this.zoom;
    this.y = y - this.height / 2 / this.zoom;
  }

  zoomAt(x, y, factor, drawing) {
    const zoom = this.bounded(this.zoom * factor, drawing);
    this.x += x / this.zoom - x / zoom;
    this.y += y / this.zoom - y / zoom;
    this.zoom = zoom;
    this.keepInside(drawing);
  }

  // At the smallest, the whole drawing takes half of the window.
  bounded(zoom, { bounds }) {
    return within(zoom, Math.min(...this.filling(bounds), 1) / 2, LARGEST);
  }

  // The middle of the window never leaves the drawing.
  keepInside({ bounds: { left, right, top, bottom } }) {
    const [x, y] = this.middle;
    this.lookAt(within(x, left, right), within(y, top, bottom));
  }

  // The step in the middle, the pixels to a step, and how far down: to be found again in another
  // drawing of the same steps, and in a window of another size.
  placeIn(drawing) {
    const { columns, pitch, bounds: { top, bottom } } = drawing;
    const [x, y] = this.middle;
    const away = (column) => Math.abs(column.left + column.right - 2 * x);
    const { key } = [...columns.values()].reduce((a, b) => (away(b) < away(a) ? b : a));
    return { step: key, scale: (Number.isFinite(pitch) ? pitch : 100) * this.zoom,
      down: (y - top) / (bottom - top) };
  }

  goToPlace(drawing, { step, scale, down }) {
    const { columns, pitch, bounds: { top, bottom } } = drawing;
    const { left, right } = columns.get(step);
    this.zoom = scale / (Number.isFinite(pitch) ? pitch : 100);
    if (this.sized) this.zoom = this.bounded(this.zoom, drawing);
    this.lookAt((left + right) / 2, top + within(down, 0, 1) * (bottom - top));
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
