// The graph on a canvas: only the steps in view are drawn, and less of each the smaller it is.

const ARROW = 6;
const FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif";
const READABLE = 0.62; // zoom from which all text is drawn
const LEGIBLE = 0.3; // zoom from which nodes have a name
const FADED = 0.13;

class GraphCanvas extends View {
  // Drawing; `look` is that of Page.look.

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
    if (zoom >= LEGIBLE) this.drawNumbers(columns, look);
    if (look.focused) this.drawFocus(look.focused, look);
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
        if (notFinite(node.code)) { // never by colour alone
          context.fillStyle = look.theme.background;
          context.fillRect(left, top + BAND / 2 - 2, Math.max(right - left, 1), 4);
        }
      }
      context.globalAlpha = 1;
      this.write(`${state.name}, all steps in view`, 12, top - 9, 12, look.theme.muted, "left");
    });
  }

  colour(code, reached, { theme, scale }) {
    if (!reached || code === NONE) return theme.muted;
    if (notFinite(code)) return theme.alarm;
    return theme.ramp[scale.level(code) + scale.levels];
  }

  drawFrames(column, { theme }) {
    const { context } = this;
    for (const frame of column.frames) {
      context.fillStyle = theme.cluster;
      context.strokeStyle = theme.cluster_line;
      context.lineWidth = Math.max(0.8, 0.5 / this.zoom);
      context.beginPath();
      context.roundRect(frame.x, frame.y, frame.width, frame.height, 8);
      context.fill();
      context.stroke();
      if (this.zoom < 0.3) continue;
      this.write(frame.label, frame.middle, frame.y + 9, 11, theme.text);
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
    const { role } = node.group;
    const small = ["parameter", "shared", "input", "constant"].includes(role);
    const lines = node.label.split("\n");
    const numbered = role === "state" || (role === "parameter" && node.height > 20);
    if (numbered && node.code !== NONE) {
      lines.push(node.ready <= position ? gradientText(node.code) : "");
    }
    lines.forEach((line, i) => {
      const y = node.y + (i - (lines.length - 1) / 2) * 11.5 + 0.5;
      this.write(line, node.x, y, small || (i && numbered) ? 8 : 10, theme.text, "center", node.width - 2);
    });
  }

  // Small: the first line alone, larger than it would be.
  firstLine({ label, x, y, width, height }, { theme }) {
    const size = Math.min(8 / this.zoom, height * 0.62);
    this.write(label.split("\n")[0], x, y, size, theme.text, "center", width - 3);
  }

  write(text, x, y, size, colour, align = "center", room = undefined, halo = "") {
    const { context } = this;
    context.fillStyle = colour;
    context.font = `${size}px ${FONT}`;
    context.textAlign = align;
    context.textBaseline = "middle";
    if (halo) {
      context.strokeStyle = halo;
      context.lineWidth = 2.5;
      context.lineJoin = "round";
      context.strokeText(text, x, y, room);
    }
    context.fillText(text, x, y, room);
  }

  drawSum(sum, look) {
    const { context, zoom } = this;
    const { theme } = look;
    const { x, y, width, height } = sum;
    context.fillStyle = theme.parameter;
    context.strokeStyle = this.colour(sum.code, true, look);
    context.lineWidth = 1.8;
    context.beginPath();
    context.rect(x - width / 2, y - height / 2, width, height);
    context.fill();
    context.stroke();
    if (zoom >= READABLE) {
      this.write(sum.label, x, y - 6, 10, theme.text, "center", width - 2);
      this.write(`\u03a3 ${gradientText(sum.code)}`, x, y + 7, 8, theme.text, "center", width - 2);
    } else if (zoom >= LEGIBLE) this.firstLine(sum, look);
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
        this.write(cut ? "cut" : gradientText(edge.code), x + edge.shift, y, size,
          bad ? theme.alarm : theme.text, "center", undefined, theme.cluster);
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
}

const ROUND = { parameter: 0, shared: 0, input: 0, constant: 0, state: 9, initial: 9, omitted: 9 };

const drawingFront = ({ swept, position }) => (
  position > 0 && position < swept.length ? swept[Math.ceil(position) - 1] : null);
