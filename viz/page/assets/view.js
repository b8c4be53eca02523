// The window onto the graph: where it is, what is in it, what is under the mouse.

const CURVED = 0.22; // zoom from which edges are curves and nodes have outlines
const PITCH = 30; // pixels to a step below which only the states are drawn, as bands;
const STEP_PITCH = 6; // so of the states alone
const LARGEST = 6; // zoom
const TALLEST = 0.8; // what is zoomed out keeps its height up to this zoom: only time is pressed together;
const STATES_TALLEST = 4; // so of the states alone, times the page's size of text
const GUTTERS = [58, 34]; // pixels left and right of the whole: the map's numbers stand there
// The finest level whose steps have this zoom is shown: a step opens into gates, then operations.
const OPENS = { op: 1.25, gate: 0.85, cell: 0.8 };
const FITS = 0.7; // zoom at which a page opens with a level's whole

const within = (value, low, high) => Math.max(low, Math.min(high, value));

class View {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.zoom = 1;
    this.stretch = 1;
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
    return [this.x + this.width / 2 / this.zoom, this.y + this.height / 2 / this.tall];
  }

  // How many pixels a unit of the drawing is high: zoomed out, more than it is wide.
  get tall() {
    return this.zoom * this.stretch;
  }

  setZoom(zoom, { level, bounds }) {
    this.zoom = zoom;
    const tallest = level === "step" ? STATES_TALLEST * textScale() : TALLEST;
    this.stretch = Math.max(1, Math.min(this.filling(bounds)[1], tallest) / zoom);
  }

  // Whether texts in nodes are too small to be read: then they are filled with their colour.
  small({ level }) {
    return this.zoom < (level === "step" ? READABLE * textScale() : LEGIBLE);
  }

  // Where a height in the drawing stands, in units of its width.
  v(y) {
    return this.y + (y - this.y) * this.stretch;
  }

  // Moving about.

  // The zoom at which so many units of the drawing fill the window, but for a margin.
  filling({ left, right, top, bottom }) {
    const inside = (size, margin) => Math.max(size - margin, size / 2);
    return [inside(this.width, GUTTERS[0] + GUTTERS[1]) / (right - left),
      inside(this.height, 40) / (bottom - top)];
  }

  // The window that shows all steps: its zoom and its left. It is the map's time axis as well.
  whole({ bounds, level }) {
    const [across, along] = this.filling(bounds);
    const zoom = Math.min(across, level === "step" ? Infinity : Math.max(along, TALLEST), this.closest);
    const slack = this.width - GUTTERS[0] - GUTTERS[1] - (bounds.right - bounds.left) * zoom;
    return { zoom, x: bounds.left - (GUTTERS[0] + Math.max(0, slack) / 2) / zoom };
  }

  // No larger when fitted: on a large screen, where the page's text is larger, it is larger too.
  get closest() {
    return 1.3 * textScale();
  }

  fit(drawing) {
    const { top, bottom } = drawing.bounds;
    const { zoom, x } = this.whole(drawing);
    this.setZoom(zoom, drawing);
    this.lookAt(0, (top + bottom) / 2);
    this.x = x;
  }

  // As high as the window, from the end of time, where the sweep begins.
  fitHeight(drawing) {
    const { left, right, top, bottom } = drawing.bounds;
    this.setZoom(Math.min(this.filling(drawing.bounds)[1], this.closest), drawing);
    const wide = this.width / this.zoom;
    const all = right - left < wide;
    this.lookAt(all ? (left + right) / 2 : right + 24 / this.zoom - wide / 2, (top + bottom) / 2);
  }

  lookAt(x, y) {
    this.x = x - this.width / 2 / this.zoom;
    this.y = y - this.height / 2 / this.tall;
  }

  lookAtTime(x) {
    this.x = x - this.width / 2 / this.zoom;
  }

  zoomAt(x, y, factor, drawing) {
    const { zoom, tall } = this;
    this.setZoom(this.bounded(zoom * factor, drawing), drawing);
    this.x += x / zoom - x / this.zoom;
    this.y += y / tall - y / this.tall;
    this.keepInside(drawing);
  }

  // At the smallest, all steps take half of the window.
  bounded(zoom, drawing) {
    return within(zoom, this.whole(drawing).zoom / 2, LARGEST);
  }


  // The middle of the window never leaves the drawing.
  keepInside({ bounds: { left, right, top, bottom } }) {
    const [x, y] = this.middle;
    this.lookAt(within(x, left, right), within(y, top, bottom));
  }

  // The step in the middle, how far it is from there in steps, the pixels to a step, and how far
  // down: to be found again in another drawing of the same steps, and in a window of another size.
  placeIn(drawing) {
    const { columns, bounds: { top, bottom } } = drawing;
    const [x, y] = this.middle;
    const nearest = [...columns.values()]
      .reduce((a, b) => (Math.abs(b.middle - x) < Math.abs(a.middle - x) ? b : a));
    return { step: nearest.key, aside: (x - nearest.middle) / drawing.distance,
      scale: drawing.distance * this.zoom, down: (y - top) / (bottom - top) };
  }

  goToPlace(drawing, { step, aside = 0, scale, down }) {
    const { columns, bounds: { top, bottom } } = drawing;
    const { middle } = columns.get(step);
    const zoom = scale / drawing.distance;
    this.setZoom(this.sized ? this.bounded(zoom, drawing) : zoom, drawing);
    this.lookAt(middle + aside * drawing.distance, top + within(down, 0, 1) * (bottom - top));
    if (this.sized) this.keepInside(drawing);
  }

  // A place in one drawing as the same moment in another one of the same steps.
  timeAt(drawing, other, x) {
    if (drawing === other) return x;
    const steps = [...drawing.columns.values()].filter(({ key }) => other.columns.has(key));
    const nearest = steps.reduce((a, b) => (Math.abs(b.middle - x) < Math.abs(a.middle - x) ? b : a));
    const aside = (x - nearest.middle) / drawing.distance;
    return other.columns.get(nearest.key).middle + aside * other.distance;
  }

  // Bring a place into view if it is not, with some room around it.
  show(left, right, margin = 60) {
    const room = Math.min(margin, GUTTERS[1] / 2) / this.zoom, wide = this.width / this.zoom;
    if (left - room < this.x) this.x = left - room - (right - left < wide / 2 ? wide * 0.4 : 0);
    else if (right + room > this.x + wide) this.x = right + room - wide;
  }

  visible(drawing) {
    const right = this.x + this.width / this.zoom;
    return [...drawing.columns.values()].filter((c) => c.right >= this.x && c.left <= right);
  }

  // Very small: each state is a band through time.
  far({ pitch, level }) {
    return pitch * this.zoom < (level === "step" ? STEP_PITCH : PITCH);
  }

  // Where in the window each state's band is, in pixels: its top and its height.
  band({ states }, i) {
    const room = Math.min((this.height - 16) / states.length, 96);
    const top = this.height / 2 + (i - states.length / 2) * room;
    return [top + 18, room - 24];
  }

  // What is under a place on the canvas: a node, a sum, an edge, or nothing.
  at(drawing, screenX, screenY) {
    const { zoom, tall } = this;
    const x = this.x + screenX / zoom, y = this.y + screenY / tall;
    const inside = (n) => Math.abs(n.x - x) <= n.width / 2 + 2 && Math.abs(n.y - y) <= n.height / 2 + 2;
    if (this.far(drawing)) return this.inBand(drawing, x, screenY);
    const sum = drawing.sums.find(inside);
    if (sum) return { sum };
    const columns = this.visible(drawing).filter((c) => c.left - 8 <= x && c.right + 8 >= x);
    for (const column of columns) {
      const node = column.nodes.findLast(inside); // the uppermost
      if (node) return { node };
    }
    let best = null, nearest = 5 * Math.max(1, zoom); // pixels
    for (const column of columns) {
      for (const edge of column.edges) {
        const away = distance(edge, x, y, zoom, tall);
        if (away < nearest) [best, nearest] = [edge, away];
      }
    }
    return best && { edge: best };
  }

  inBand(drawing, x, screenY) {
    const i = drawing.states.findIndex((_, k) => {
      const [top, height] = this.band(drawing, k);
      return screenY >= top && screenY <= top + height;
    });
    if (i < 0) return null;
    const nodes = [...drawing.states[i].at.values()];
    const away = ({ step }) => Math.abs(drawing.columns.get(step).middle - x);
    return { node: nodes.reduce((a, b) => (away(b) < away(a) ? b : a)) };
  }
}

// How far a point is from a curve in pixels, from samples along it.
function distance({ points, shift }, x, y, across, along) {
  let nearest = Infinity;
  for (let k = 0; k + 7 < points.length; k += 6) {
    for (let i = 0; i <= 12; i++) {
      const [px, py] = onCurve(points, k, i / 12);
      nearest = Math.min(nearest, Math.hypot((px + shift - x) * across, (py - y) * along));
    }
  }
  return nearest;
}

// A place on one piece of a curve, from 0 at its start to 1 at its end.
function onCurve(points, k, t) {
  const s = 1 - t;
  const w = [s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t];
  const along = (j) => w.reduce((sum, one, i) => sum + one * points[k + 2 * i + j], 0);
  return [along(0), along(1)];
}
