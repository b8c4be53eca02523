// The graph on a canvas: only the steps in view are drawn, and less of each the smaller it is.

const ARROW = 6;
const FADED = 0.13;
const FADING = 220; // milliseconds

class GraphCanvas extends NodeCanvas {
  // What is shown fades out while another level of detail comes in at the same place.
  fade() {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches || !this.sized) return;
    const old = document.createElement("canvas");
    old.width = this.canvas.width;
    old.height = this.canvas.height;
    old.getContext("2d").drawImage(this.canvas, 0, 0);
    this.old = { canvas: old, until: performance.now() + FADING };
  }

  drawFading(again) {
    if (!this.old) return;
    const left = (this.old.until - performance.now()) / FADING;
    if (left <= 0) {
      this.old = null;
      return;
    }
    this.context.setTransform(1, 0, 0, 1, 0, 0);
    this.context.globalAlpha = left;
    this.context.drawImage(this.old.canvas, 0, 0);
    this.context.globalAlpha = 1;
    again();
  }

  // Drawing; `look` is that of Page.look.

  draw(drawing, look) {
    const { context, zoom } = this;
    const k = this.density * zoom;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = look.theme.background;
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    const columns = this.visible(drawing);
    look.small = this.small(drawing);
    this.drawPlayhead(drawing, look);
    context.setTransform(k, 0, 0, k, -this.x * k, -this.y * k);
    if (this.far(drawing)) {
      this.drawBands(columns, drawing, look);
      return;
    }
    if (look.small) this.drawTimes(columns, drawing, look);
    else for (const column of columns) this.drawFrames(column, look);
    this.drawEdges(columns, look);
    for (const column of columns) for (const node of column.nodes) this.drawNode(node, look);
    for (const sum of drawing.sums) this.drawSum(sum, look);
    if (!look.small) this.drawNumbers(columns, look);
    if (look.focused) this.drawFocus(look.focused, look);
    const front = drawingFront(look);
    if (front) this.drawFactor(front, look);
  }

  drawBands(columns, drawing, look) {
    const { context, zoom, density } = this;
    context.setTransform(density, 0, 0, density, 0, 0);
    const sharp = (x) => Math.round((x - this.x) * zoom * density) / density;
    drawing.states.forEach((state, i) => {
      const [top, height] = this.band(drawing, i);
      let drawn = -1; // of several steps in one pixel the first is drawn, and what is not finite
      for (const column of columns) {
        const { middle } = column;
        const left = sharp(middle - drawing.distance / 2);
        if (left === drawn && !state.broken) continue;
        const node = state.at.get(column.key);
        if (!node || (left === drawn && !notFinite(node.code))) continue;
        drawn = left;
        const reached = node.ready <= look.position;
        context.globalAlpha = reached ? 1 : 0.35;
        context.fillStyle = this.colour(node.code, reached, look);
        const width = Math.max(sharp(middle + drawing.distance / 2) - left, 1);
        context.fillRect(left, top, width, height);
        if (notFinite(node.code)) { // never by colour alone
          context.fillStyle = look.theme.background;
          context.fillRect(left, top + height / 2 - 2, width, 4);
        }
      }
      context.globalAlpha = 1;
      this.write(`${state.name}, all steps in view`, 12, top - 9, 12, look.theme.muted, "left");
    });
  }

  // The step that the backward pass is at.
  drawPlayhead(drawing, { theme, step, position, swept }) {
    const column = drawing.columns.get(step);
    if (!column || position >= swept.length) return;
    const { context, density, height, zoom } = this;
    context.setTransform(density, 0, 0, density, 0, 0);
    context.fillStyle = theme.parameter;
    const middle = (column.middle - this.x) * zoom, wide = Math.max(drawing.distance * zoom, 2);
    context.fillRect(middle - wide / 2, 0, wide, height);
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
    const chosen = (!paths || paths.edges.has(edge)) && (!flows || look.filter.passes(code));
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
    const curved = this.tall >= CURVED;
    context.globalAlpha = style.alpha;
    context.strokeStyle = style.colour;
    context.fillStyle = style.colour;
    context.lineWidth = Math.max(style.width * this.pen, 0.6 / zoom);
    context.setLineDash(curved && style.dash ? style.dash.split(" ").map(Number) : []);
    context.beginPath();
    for (const { points, shift } of edges) {
      context.moveTo(points[0] + shift, this.v(points[1]));
      if (curved) {
        for (let k = 2; k < points.length; k += 6) {
          context.bezierCurveTo(points[k] + shift, this.v(points[k + 1]), points[k + 2] + shift,
            this.v(points[k + 3]), points[k + 4] + shift, this.v(points[k + 5]));
        }
      } else {
        for (let k = 6; k < points.length; k += 6) context.lineTo(points[k] + shift, this.v(points[k + 1]));
      }
    }
    context.stroke();
    context.setLineDash([]);
    if (curved) {
      context.beginPath();
      for (const edge of edges) if (!edge.group.rail) this.arrow(edge, style.width * this.pen);
      context.fill();
    }
    context.globalAlpha = 1;
  }

  arrow({ points, shift }, width) {
    const [x0, y0, x, y] = points.slice(-4).map((one, k) => (k % 2 ? this.v(one) : one + shift));
    const length = Math.hypot(x - x0, y - y0) || 1;
    const u = (x - x0) / length, v = (y - y0) / length;
    const half = Math.min(2.2 + width / 3, 0.3 * length + 2.2);
    const tip = ARROW * Math.hypot(u, v * this.stretch); // the gap that the layout left
    this.context.moveTo(x + u * tip, y + v * tip);
    this.context.lineTo(x - v * half, y + u * half);
    this.context.lineTo(x + v * half, y - u * half);
  }

  // The edge that the sweep is passing: a pulse runs along it, against the arrow.
  drawFront(edge, look) {
    const { context } = this;
    const width = look.scale.width(edge.code);
    this.strokeAll([edge], { alpha: 0.3, colour: look.theme.text, width: width + 7, dash: "" }, look);
    this.strokeAll([edge], this.edgeStyle(edge, look), look);
    const part = look.position % 1 || 1, { points, shift } = edge;
    const pieces = (points.length - 2) / 6, along = (1 - part) * pieces;
    const piece = Math.min(Math.floor(along), pieces - 1);
    const [x, y] = onCurve(points, 6 * piece, along - piece);
    context.fillStyle = this.colour(edge.code, true, look);
    context.strokeStyle = look.theme.text;
    context.lineWidth = 1.5 / this.zoom;
    context.beginPath();
    context.arc(x + shift, this.v(y), (width * this.pen) / 2 + 5 / this.zoom, 0, 7);
    context.fill();
    context.stroke();
    look.pulse = [x + shift, this.v(y)];
  }

  // Beside the pulse: what arrives, by what it is multiplied, and what leaves.
  drawFactor(edge, look) {
    const text = factorText(edge);
    if (!text || !look.pulse || !look.slow) return;
    const { context, zoom } = this;
    const size = (12 * textScale()) / zoom, pad = 5 / zoom;
    context.font = `${size}px ${FONT}`;
    const wide = context.measureText(text).width + 2 * pad, right = this.x + this.width / zoom;
    if (look.pulse[0] < this.x || look.pulse[0] > right) return;
    const x = within(look.pulse[0] - wide / 2, this.x + pad, Math.max(right - wide - pad, this.x + pad));
    const above = look.pulse[1] - size - 22 / zoom;
    const y = above < this.y + pad ? look.pulse[1] + 16 / zoom : above;
    context.fillStyle = look.theme.background;
    context.strokeStyle = look.theme.muted;
    context.lineWidth = 1 / zoom;
    context.beginPath();
    context.roundRect(x, y, wide, size + 2 * pad, 4 / zoom);
    context.fill();
    context.stroke();
    this.write(text, x + wide / 2, y + size / 2 + pad, size, look.theme.text);
  }

  // Each edge's number beside it; NaN, Inf and cuts are marked at any zoom at which text can be read.
  drawNumbers(columns, look) {
    const { theme } = look;
    const readable = this.zoom >= READABLE;
    const size = readable ? 7.5 : 8 / this.zoom;
    for (const column of columns) {
      for (const edge of column.edges) {
        const style = this.edgeStyle(edge, look);
        const cut = edge.group.flow === "cut";
        const bad = notFinite(edge.code);
        const shown = readable && edge.label && edge.order >= 0;
        if (style.alpha < 1 || !(shown || cut || bad)) continue;
        const [x, y] = edge.label ?? edge.points.slice(edge.points.length >> 2 << 1);
        this.write(cut ? "cut" : gradientText(edge.code), x + edge.shift, this.v(y), size,
          bad ? theme.alarm : theme.text, "center", undefined, theme.cluster);
      }
    }
  }

}

const drawingFront = ({ swept, position }) => (
  position > 0 && position < swept.length ? swept[Math.ceil(position) - 1] : null);
