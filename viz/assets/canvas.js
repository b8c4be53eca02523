// The graph on a canvas: only the steps in view are drawn, and less of each the smaller it is.

const ARROW = 6;
const FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif";
const READABLE = 0.62; // zoom from which all text is drawn
const LEGIBLE = 0.3; // zoom from which nodes have a name
const CURVED = 0.22; // zoom from which edges are curves and nodes have outlines
const PITCH = 30; // pixels to a step below which only the states are drawn, as bands
const BAND = 34; // pixels, the height of a band
const FADED = 0.13;

class GraphCanvas {
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

  // Drawing. `look` says what is to be seen: theme, scale, position, paths, low, high, focus.

  draw(drawing, look) {
    const { context, zoom } = this;
    const k = this.density * zoom;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = look.theme.background;
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(k, 0, 0, k, -this.x * k, -this.y * k);
    const columns = this.visible(drawing);
    if (this.far(drawing)) {
      this.drawBands(columns, drawing, look);
      return;
    }
    for (const column of columns) this.drawFrames(column, look);
    this.drawEdges(columns, look);
    for (const column of columns) for (const node of column.nodes) this.drawNode(node, look);
    for (const sum of drawing.sums) this.drawSum(sum, look);
    if (zoom >= READABLE) this.drawNumbers(columns, look);
    if (look.focus) this.drawFocus(look.focus, look);
  }

  // Very small: each state is a band through time.
  far(drawing) {
    return drawing.pitch * this.zoom < PITCH;
  }

  bandTop(drawing, i) {
    return this.height / 2 + (i - drawing.states.length / 2) * (BAND + 20) + 14;
  }

  drawBands(columns, drawing, look) {
    const { context, zoom, density } = this;
    context.setTransform(density, 0, 0, density, 0, 0);
    drawing.states.forEach((state, i) => {
      const top = this.bandTop(drawing, i);
      for (const column of columns) {
        const node = state.at.get(column.key);
        if (!node) continue;
        const reached = node.ready <= look.position;
        context.globalAlpha = reached ? 1 : 0.35;
        context.fillStyle = this.colour(node.code, reached, look);
        const left = Math.round((column.left - this.x) * zoom * density) / density;
        const right = Math.round((column.left + drawing.pitch - this.x) * zoom * density) / density;
        context.fillRect(left, top, Math.max(right - left, 1), BAND);
      }
      context.globalAlpha = 1;
      context.fillStyle = look.theme.muted;
      context.font = `12px ${FONT}`;
      context.textAlign = "left";
      context.textBaseline = "bottom";
      context.fillText(`${state.name}, all steps in view`, 12, top - 3);
    });
  }

  colour(code, reached, { theme, scale }) {
    if (!reached || code === NONE) return theme.muted;
    if (code === NAN || code === INF) return theme.alarm;
    return theme.ramp[scale.level(code) + scale.levels];
  }

  drawFrames(column, { theme }) {
    const { context } = this;
    for (const frame of column.frames) {
      context.fillStyle = frame.group.gate ? theme.gate : theme.cluster;
      context.strokeStyle = theme.cluster_line;
      context.lineWidth = Math.max(0.8, 0.5 / this.zoom);
      context.beginPath();
      context.roundRect(frame.x, frame.y, frame.width, frame.height, 8);
      context.fill();
      context.stroke();
      if (this.zoom < 0.3) continue;
      context.fillStyle = frame.group.gate ? theme.muted : theme.text;
      context.font = `${frame.group.gate ? 8 : 11}px ${FONT}`;
      context.textAlign = "center";
      context.textBaseline = "top";
      context.fillText(frame.label, frame.x + frame.width / 2, frame.y + 4);
    }
  }

  // Edges that look the same are one stroke: a thousand steps cost a few dozen strokes.
  drawEdges(columns, look) {
    const piles = new Map();
    for (const column of columns) {
      for (const edge of column.edges) {
        const style = this.edgeStyle(edge, look);
        const key = `${style.alpha}|${style.colour}|${style.width}|${style.dash}`;
        if (!piles.has(key)) piles.set(key, { style, edges: [] });
        piles.get(key).edges.push(edge);
      }
    }
    const sorted = [...piles.values()].sort((a, b) => a.style.alpha - b.style.alpha
      || a.style.width - b.style.width);
    for (const { style, edges } of sorted) this.strokeAll(edges, style, look);
    const front = drawingFront(look);
    if (front) this.drawFront(front, look);
  }

  edgeStyle(edge, look) {
    const { scale, theme, position, paths } = look;
    const { code } = edge;
    const flows = edge.order >= 0;
    const reached = flows && edge.order < position;
    const log = logOf(code);
    const chosen = (!paths || paths.edges.has(edge))
      && (!look.filtered || !flows || (log >= look.low && log <= look.high) || Number.isNaN(log));
    const dashes = { none: "1.2 2.6", cut: "1.2 2.6", unknown: "" }[edge.group.flow];
    const small = flows && (code === ZERO || scale.below(code));
    return {
      alpha: chosen ? (flows && !reached ? 0.35 : 1) : FADED,
      colour: this.colour(code, reached, look),
      width: reached ? Math.round(scale.width(code) * 4) / 4 + (paths && chosen ? 1 : 0) : 1,
      dash: dashes ?? (small ? "4 3" : ""),
      theme,
    };
  }

  strokeAll(edges, style, look) {
    const { context, zoom } = this;
    const curved = zoom >= CURVED;
    context.globalAlpha = style.alpha;
    context.strokeStyle = style.colour;
    context.fillStyle = style.colour;
    context.lineWidth = Math.max(style.width, 0.6 / zoom);
    context.setLineDash(curved && style.dash ? style.dash.split(" ").map(Number) : []);
    context.beginPath();
    for (const { points, shift } of edges) {
      context.moveTo(points[0] + shift, points[1]);
      if (curved) {
        for (let k = 2; k < points.length; k += 6) {
          context.bezierCurveTo(points[k] + shift, points[k + 1], points[k + 2] + shift,
            points[k + 3], points[k + 4] + shift, points[k + 5]);
        }
      } else {
        for (let k = 6; k < points.length; k += 6) context.lineTo(points[k] + shift, points[k + 1]);
      }
    }
    context.stroke();
    context.setLineDash([]);
    if (curved) {
      context.beginPath();
      for (const edge of edges) if (!edge.group.rail) this.arrow(edge, style.width);
      context.fill();
    }
    context.globalAlpha = 1;
  }

  arrow({ points, shift }, width) {
    const [x0, y0, x, y] = points.slice(-4);
    const length = Math.hypot(x - x0, y - y0) || 1;
    const u = (x - x0) / length, v = (y - y0) / length, half = 2.2 + width / 3;
    this.context.moveTo(x + shift + u * ARROW, y + v * ARROW);
    this.context.lineTo(x + shift - v * half, y + u * half);
    this.context.lineTo(x + shift + v * half, y - u * half);
  }

  // The edge that the sweep has just passed.
  drawFront(edge, look) {
    const width = look.scale.width(edge.code);
    this.strokeAll([edge], { alpha: 0.3, colour: look.theme.text, width: width + 7, dash: "" }, look);
    this.strokeAll([edge], this.edgeStyle(edge, look), look);
  }

  drawNode(node, look) {
    const { context, zoom } = this;
    const { theme } = look;
    const { role } = node.group;
    const { x, y, width, height } = node;
    context.globalAlpha = !look.paths || look.paths.nodes.has(node) ? 1 : 0.3;
    const colour = this.colour(node.code, node.ready <= look.position, look);
    context.fillStyle = this.fill(role, colour, theme);
    context.strokeStyle = colour;
    if (zoom < CURVED) {
      context.fillRect(x - width / 2, y - height / 2, width, height);
      context.fillStyle = colour;
      context.globalAlpha *= 0.55;
      context.fillRect(x - width / 2, y - height / 2, width, height);
    } else {
      context.lineWidth = role === "state" ? 1.8 : 1.2;
      context.setLineDash({ initial: [4, 3], constant: [4, 3], cut: [1.2, 2.6], omitted: [4, 3] }[role] ?? []);
      context.beginPath();
      if (Math.abs(width - height) < 1) context.ellipse(x, y, width / 2, height / 2, 0, 0, 7);
      else context.roundRect(x - width / 2, y - height / 2, width, height, ROUND[role] ?? 5);
      context.fill();
      context.stroke();
      context.setLineDash([]);
      if (zoom >= READABLE && role !== "junction") this.nodeText(node, look);
      else if (zoom >= LEGIBLE && role !== "junction") this.firstLine(node, look);
    }
    context.globalAlpha = 1;
  }

  fill(role, colour, theme) {
    if (role === "junction") return colour;
    if (role === "state" || role === "initial") return theme.state;
    return ["parameter", "shared", "input"].includes(role) ? theme.parameter : theme.node;
  }

  nodeText(node, { theme, position }) {
    const { context } = this;
    const { role } = node.group;
    const small = ["parameter", "shared", "input", "constant"].includes(role);
    const lines = node.label.split("\n");
    const numbered = role === "state" || (role === "parameter" && node.height > 20);
    if (numbered && node.code !== NONE) {
      lines.push(node.ready <= position ? gradientText(node.code) : "");
    }
    context.fillStyle = theme.text;
    context.textAlign = "center";
    context.textBaseline = "middle";
    lines.forEach((line, i) => {
      context.font = `${small || (i && numbered) ? 8 : 10}px ${FONT}`;
      context.fillText(line, node.x, node.y + (i - (lines.length - 1) / 2) * 11.5 + 0.5, node.width - 2);
    });
  }

  // Small: the first line alone, larger than it would be.
  firstLine({ label, x, y, width, height }, { theme }) {
    const { context } = this;
    context.fillStyle = theme.text;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.font = `${Math.min(8 / this.zoom, height * 0.62)}px ${FONT}`;
    context.fillText(label.split("\n")[0], x, y, width - 3);
  }

  drawSum(sum, look) {
    const { context } = this;
    const { theme } = look;
    context.fillStyle = theme.parameter;
    context.strokeStyle = this.colour(sum.code, true, look);
    context.lineWidth = 1.8;
    context.beginPath();
    context.rect(sum.x - sum.width / 2, sum.y - sum.height / 2, sum.width, sum.height);
    context.fill();
    context.stroke();
    if (this.zoom < READABLE) {
      if (this.zoom >= LEGIBLE) this.firstLine(sum, look);
      return;
    }
    context.fillStyle = theme.text;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.font = `10px ${FONT}`;
    context.fillText(sum.label, sum.x, sum.y - 6, sum.width - 2);
    context.font = `8px ${FONT}`;
    context.fillText(`\u03a3 ${gradientText(sum.code)}`, sum.x, sum.y + 7, sum.width - 2);
  }

  // Each edge's number beside it; NaN, Inf and cuts are marked at any zoom at which text can be read.
  drawNumbers(columns, look) {
    const { context } = this;
    context.font = `7.5px ${FONT}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineWidth = 2.5;
    context.lineJoin = "round";
    context.strokeStyle = look.theme.cluster;
    for (const column of columns) {
      for (const edge of column.edges) {
        const style = this.edgeStyle(edge, look);
        const cut = edge.group.flow === "cut";
        const bad = edge.code === NAN || edge.code === INF;
        if (style.alpha < 1 || !((edge.label && edge.order >= 0) || cut || bad)) continue;
        const at = edge.label ?? edge.points.slice(edge.points.length >> 2 << 1);
        const text = cut ? "cut" : gradientText(edge.code);
        context.strokeText(text, at[0] + edge.shift, at[1]);
        context.fillStyle = bad ? look.theme.alarm : look.theme.text;
        context.fillText(text, at[0] + edge.shift, at[1]);
      }
    }
  }

  drawFocus(node, { theme }) {
    const { context, zoom } = this;
    const room = 3 + 1 / zoom;
    context.strokeStyle = theme.text;
    context.lineWidth = 2 / zoom;
    context.beginPath();
    context.roundRect(node.x - node.width / 2 - room, node.y - node.height / 2 - room,
      node.width + 2 * room, node.height + 2 * room, 7);
    context.stroke();
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

const ROUND = { parameter: 0, shared: 0, input: 0, constant: 0, state: 9, initial: 9, omitted: 9 };

const drawingFront = ({ swept, position }) => (
  position > 0 && position < swept.length ? swept[Math.ceil(position) - 1] : null);

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
