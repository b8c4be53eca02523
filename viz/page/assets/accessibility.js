// Reading the graph without looking at it: nodes for the keyboard, and tables.

// The nodes of one time step as buttons over the canvas, reached by Tab and arrow keys.
class Stops {
  constructor(page) {
    this.page = page;
    this.box = $("nodes");
  }

  // Those of the sweep's step, unless the reader stands at one just now.
  fill() {
    if (document.activeElement?.parentElement !== this.box) this.make(this.page.sweep.step);
  }

  make(step) {
    const { drawing } = this.page;
    const column = drawing.columns.get(step) ?? drawing.columns.values().next().value;
    this.nodes = (column?.nodes ?? []).filter((node) => node.group.role !== "junction");
    this.box.setAttribute("aria-label", step === null ? "Nodes" : `Nodes at t = ${step}`);
    this.box.replaceChildren(...this.nodes.map((node, i) => this.button(node, i)));
  }

  button(node, i) {
    const { page } = this;
    const { x, y, width, height } = node;
    const said = `${nodeName(node)}, ${node.group.role}, gradient ${gradientText(node.code)}`;
    const button = element("button", "", {
      type: "button", "aria-label": said, "aria-describedby": "tip", tabindex: i ? -1 : 0,
    });
    Object.assign(button.style, {
      left: `${x - width / 2}px`, top: `${y - height / 2}px`, width: `${width}px`, height: `${height}px`,
    });
    button.addEventListener("focus", () => this.focus(node));
    button.addEventListener("blur", () => page.pointer.leave());
    button.addEventListener("click", () => page.choose({ node }));
    button.addEventListener("keydown", (event) => this.key(event, node, i));
    return button;
  }

  focus(node) {
    const { canvas } = this.page;
    this.page.focused = node;
    $("graph").scrollLeft = $("graph").scrollTop = 0; // the browser must not scroll: the canvas moves
    canvas.show(node.x - node.width / 2, node.x + node.width / 2);
    const x = (node.x + node.width / 2 - canvas.x) * canvas.zoom;
    this.page.pointer.tip({ node }, x, (node.y - canvas.y) * canvas.zoom);
    this.page.redraw();
  }

  key(event, node, i) {
    const away = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const aside = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.shiftKey || !(away || aside)) return;
    event.preventDefault();
    event.stopPropagation();
    if (away) {
      this.box.children[(i + away + this.nodes.length) % this.nodes.length].focus();
      return;
    }
    const other = this.page.drawing.beside(node, aside);
    if (!other) return;
    this.make(other.step);
    this.box.children[this.nodes.indexOf(other)].focus();
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
    if (!$("table").open) return;
    const { drawing, strips, sweep: { step } } = this.page;
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
    row.append(...cells.map((cell) => element(tag, cell, attributes)));
    return row;
  };
  const made = element("table"), head = element("thead"), body = element("tbody");
  head.append(line(heads, "th", { scope: "col" }));
  body.append(...rows.map((cells) => line(cells, "td")));
  made.append(element("caption", caption), head, body);
  return made;
}
