// Reading the graph without looking at it: nodes for the keyboard, and tables.

// The nodes, edges and sums of one time step as buttons over the canvas, reached by Tab and arrow keys.
class Stops {
  constructor(page) {
    this.page = page;
    this.list = $("nodes");
  }

  // Those of the sweep's step, unless the reader stands at one just now.
  fill() {
    if (document.activeElement?.parentElement !== this.list) this.make(this.page.sweep.step);
  }

  make(step) {
    const { drawing } = this.page;
    const column = drawing.columns.get(step) ?? drawing.columns.values().next().value;
    const nodes = (column?.nodes ?? []).filter((node) => node.group.role !== "junction");
    this.stops = [
      ...nodes.map((node) => ({ node })),
      ...(column?.edges ?? []).filter((edge) => edge.order >= 0).map((edge) => ({ edge })),
      ...drawing.sums.map((sum) => ({ sum })),
    ];
    const seen = new Map();
    this.names = this.stops.map((found) => {
      const said = this.said(found);
      seen.set(said, (seen.get(said) ?? 0) + 1);
      return seen.get(said) > 1 ? `${said}, number ${seen.get(said)}` : said; // as of both inputs of x * x
    });
    this.list.setAttribute("aria-label", step === null ? "Nodes" : `Nodes at t = ${step}`);
    this.list.replaceChildren(...this.stops.map((found, i) => this.button(found, i)));
  }

  said({ node, edge, sum }) {
    if (edge) return `edge ${edgeName(edge)}, gradient ${gradientText(edge.code)}`;
    if (sum) return `${sum.label}, sum over time, gradient ${gradientText(sum.code)}`;
    return `${nodeName(node)}, ${node.group.role}, gradient ${gradientText(node.code)}`;
  }

  // Where it is drawn: an edge, at its middle.
  box({ node, edge, sum }) {
    if (!edge) return node ?? sum;
    const { points, shift } = edge;
    const k = points.length >> 2 << 1;
    return { x: points[k] + shift, y: points[k + 1], width: 16, height: 12 };
  }

  button(found, i) {
    const { page } = this;
    const { x, y, width, height } = this.box(found);
    const said = this.names[i];
    const button = element("button", "", {
      type: "button", "aria-label": said, "aria-describedby": "tip", tabindex: i ? -1 : 0,
    });
    Object.assign(button.style, {
      left: `${x - width / 2}px`, top: `${y - height / 2}px`, width: `${width}px`, height: `${height}px`,
    });
    button.addEventListener("focus", () => this.focus(found));
    button.addEventListener("blur", () => page.pointer.leave());
    button.addEventListener("click", () => page.choose(found));
    button.addEventListener("keydown", (event) => this.key(event, found, i));
    return button;
  }

  focus(found) {
    const { canvas } = this.page;
    const box = (this.page.focused = this.box(found));
    $("graph").scrollLeft = $("graph").scrollTop = 0; // the browser must not scroll: the canvas moves
    canvas.show(box.x - box.width / 2, box.x + box.width / 2);
    const x = (box.x + box.width / 2 - canvas.x) * canvas.zoom;
    this.page.pointer.tip(found, x, (box.y - canvas.y) * canvas.tall);
    this.page.redraw();
  }

  key(event, found, i) {
    const away = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const aside = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.shiftKey || !(away || aside)) return;
    event.preventDefault();
    event.stopPropagation();
    if (away) {
      this.list.children[(i + away + this.stops.length) % this.stops.length].focus();
      return;
    }
    const { node, edge } = found;
    const other = node ? this.page.drawing.beside(node, aside) : edge?.group.byStep.get(edge.step + aside);
    if (!other) return;
    this.make(other.step);
    this.list.children[this.stops.findIndex((one) => one.node === other || one.edge === other)]?.focus();
  }
}

// The same numbers as tables: one time step, and the states through time.
class Table {
  constructor(page) {
    this.page = page;
    $("table").addEventListener("toggle", () => this.fill());
    $("step").addEventListener("change", () => page.sweep.goTo(Number($("step").value)));
  }

  fill() {
    const { drawing, strips, sweep: { step, playing } } = this.page;
    if (!$("table").open || playing) return; // it follows when the playing pauses
    $("step").value = step;
    const columns = [...drawing.columns.values()].filter(({ key }) => key === step || typeof key !== "number");
    const tables = [
      this.nodes(`Nodes at t = ${step}, and before and after all steps`, columns.flatMap((c) => c.nodes)),
      this.edges(`Edges into t = ${step}, and before and after all steps`, columns.flatMap((c) => c.edges)),
    ];
    if (strips.bars.length) tables.push(this.states(strips.bars));
    $("tables").replaceChildren(...tables);
  }

  nodes(caption, nodes) {
    const heads = ["node", "role", "gate", "operation", "shape", "local derivatives", "smallest value",
      "mean", "largest", "gradient (sum)"];
    return table(caption, heads, nodes.filter((node) => node.group.role !== "junction").map((node) => {
      const { role, gate = "", op, shape = [], derivatives = [], values, numbers } = node.group;
      return [nodeName(node), role, gate, op, `(${shape.join(", ")})`, derivatives.join("; "),
        ...(values ? numbers.values(node.i) : ["", "", ""]), numbers.gradient(node.i)];
    }));
  }

  edges(caption, edges) {
    return table(caption, ["from", "to", "input", "gradient sent back"], edges.map((edge) => {
      const { slot, group: { rail, numbers } } = edge;
      return [nodeName(edge.source), rail ? "this step" : nodeName(edge.target), slot < 0 ? "" : String(slot),
        edge.order < 0 ? this.page.drawing.edgeText(edge).split("\n").at(-1) : numbers.gradient(edge.i)];
    }));
  }

  states(all) {
    const { strips, norm } = this.page.picture;
    const heads = strips.map(({ layer, state }) => `${layer ? `${layer}, ` : ""}${state}_t`);
    const rows = all[0].bars.map(({ step }, i) => [String(step),
      ...all.map(({ bars }) => gradientText(bars[i]?.code ?? NONE))]);
    return table(`${norm} norm of the gradient at the states, all steps`, ["t", ...heads], rows);
  }
}

function table(caption, heads, rows) {
  const line = (cells, tag, attributes) => {
    const row = element("tr");
    row.append(...cells.map((cell, i) => (
      i || tag === "th" ? element(tag, cell, attributes) : element("th", cell, { scope: "row" }))));
    return row;
  };
  const made = element("table"), head = element("thead"), body = element("tbody");
  head.append(line(heads, "th", { scope: "col" }));
  body.append(...rows.map((cells) => line(cells, "td")));
  made.append(element("caption", caption), head, body);
  return made;
}
