// What stands still in the graph: nodes, sums, frames and their texts.

const FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif";
const READABLE = 0.62; // zoom from which all text is drawn
const LEGIBLE = 0.3; // zoom from which nodes have a name
const ROUND = { parameter: 0, shared: 0, input: 0, constant: 0, state: 9, initial: 9, omitted: 9 };

class NodeCanvas extends View {
  // How much thicker lines are than the drawing has them: zoomed out, they keep their width.
  get pen() {
    return Math.max(1, Math.min(this.tall, 0.9 * textScale()) / this.zoom);
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
      context.roundRect(frame.x, this.v(frame.y), frame.width, frame.height * this.stretch, 8);
      context.fill();
      context.stroke();
      this.write(frame.label, frame.middle, this.v(frame.y) + 9, 11, theme.text);
    }
  }

  // The numbers of steps and the names of states, in place of frames.
  drawTimes(columns, drawing, { theme }) {
    const { zoom } = this;
    const size = (11 * textScale()) / zoom;
    const steps = columns.filter(({ key }) => typeof key === "number");
    const every = tickDistance(drawing.columns.size, drawing.distance * zoom);
    const y = this.v(drawing.bounds.top) - 10 / zoom;
    for (const { key, middle } of steps) {
      if (key % every === 0) this.write(key ? String(key) : "t = 0", middle, y, size, theme.muted);
    }
    for (const { name, y: at } of drawing.states) {
      this.write(name.replace(/^layer /, ""), this.x + 8 / zoom, this.v(at), size * 1.1, theme.text, "left");
    }
  }

  drawNode(node, look) {
    const { context, zoom } = this;
    const { theme } = look;
    const { role } = node.group;
    const { x, width } = node;
    const y = this.v(node.y), height = node.height * this.stretch;
    context.globalAlpha = !look.paths || look.paths.nodes.has(node) ? 1 : 0.3;
    const colour = this.colour(node.code, node.ready <= look.position, look);
    context.fillStyle = this.fill(role, colour, theme);
    context.strokeStyle = colour;
    if (look.small) { // without a name: its colour tells the gradient
      context.fillRect(x - width / 2, y - height / 2, width, height);
      context.fillStyle = colour;
      context.globalAlpha *= node.ready > look.position ? 0.22 : role === "state" ? 1 : 0.55;
      context.fillRect(x - width / 2, y - height / 2, width, height);
    } else {
      context.lineWidth = role === "state" ? 1.8 : 1.2;
      context.setLineDash({ initial: [4, 3], constant: [4, 3], cut: [1.2, 2.6], omitted: [4, 3] }[role] ?? []);
      context.beginPath();
      if (Math.abs(width - node.height) < 1) context.ellipse(x, y, width / 2, height / 2, 0, 0, 7);
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
      const y = this.v(node.y) + (i - (lines.length - 1) / 2) * 11.5 + 0.5;
      this.write(line, node.x, y, small || (i && numbered) ? 8 : 10, theme.text, "center", node.width - 2);
    });
  }

  // Small: the first line alone, larger than it would be.
  firstLine({ label, x, y, width, height }, { theme }) {
    const size = Math.min(8 / this.zoom, height * 0.62);
    this.write(label.split("\n")[0], x, this.v(y), size, theme.text, "center", width - 3);
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
    const { x, width } = sum;
    const y = this.v(sum.y), height = sum.height * this.stretch;
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

  drawFocus(node, { theme }) {
    const { context, zoom } = this;
    const room = 3 + 1 / zoom;
    context.strokeStyle = theme.text;
    context.lineWidth = 2 / zoom;
    context.beginPath();
    const height = node.height * this.stretch;
    context.roundRect(node.x - node.width / 2 - room, this.v(node.y) - height / 2 - room,
      node.width + 2 * room, height + 2 * room, 7);
    context.stroke();
  }
}
