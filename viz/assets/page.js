// The page itself: what is shown, and how reader and keyboard change it.

const $ = (id) => document.getElementById(id);

function element(tag, text = "", attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text; // never markup: names come from anywhere
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

class Page {
  constructor(data, drawing, series) {
    this.data = data;
    this.pictures = drawing.pictures;
    this.series = series;
    this.scale = new Scale(data.scale);
    this.canvas = new GraphCanvas($("canvas"));
    this.ready = new Map(); // drawings, unfolded when first shown
    this.playing = false;
    this.filtered = false;
    this.readTheme();
    this.connect();
    this.offer("cells", this.pictures.map((one) => one.name), (i) => this.show(i, this.detail));
    this.legend();
    // One range for the strips of all pictures, so that they can be compared.
    this.lowest = lowest(this.scale, this.pictures.flatMap((one) => one.strips)
      .flatMap((strip) => [...this.codes(strip)]));
    this.show(0, data.detail);
  }

  // What is shown.

  show(number, detail) {
    const before = this.drawing?.swept.length;
    const part = before ? this.position / before : 1;
    this.number = number;
    this.picture = this.pictures[number];
    const levels = Object.keys(this.picture.levels);
    this.detail = levels.includes(detail) ? detail : levels[0];
    this.drawing = this.unfold(number, this.detail);
    this.offer("levels", levels, (i) => this.show(this.number, levels[i]), this.detail);
    this.check("cells", this.picture.name);
    this.check("levels", this.detail);
    this.clear();
    $("sweep").max = this.drawing.swept.length;
    $("transport").hidden = $("filter").hidden = $("legend").hidden = !this.picture.has_flow;
    this.strips();
    this.sharing();
    this.notices();
    this.canvas.resize();
    this.canvas.fitHeight(this.drawing);
    this.seek(Math.round(part * this.drawing.swept.length));
    $("canvas").setAttribute("aria-label", this.description());
  }

  unfold(number, detail) {
    const key = `${number} ${detail}`;
    if (!this.ready.has(key)) {
      const { levels, norm, parameters } = this.pictures[number];
      for (const one of parameters) {
        const size = product(one.shape);
        one.numbers ??= new Numbers(this.series, one, size);
        one.parts ??= new Numbers(this.series, one.shares, size);
      }
      this.ready.set(key, new Drawing(levels[detail], this.series, norm, parameters));
    }
    return this.ready.get(key);
  }

  // The drawing's name, where there are several.
  prefix() {
    return this.pictures.length > 1 ? `${this.picture.name}: ` : "";
  }

  description() {
    const { steps, norm, has_flow: flows } = this.picture;
    return `${this.prefix()}Graph of ${countOf(steps)} time steps, time from left to right`
      + (flows ? `; each edge shows the ${norm} norm of the gradient that came back along it.` : ".")
      + " The same is found in the table view below.";
  }

  notices() {
    const notes = this.picture.levels[this.detail].notes ?? [];
    $("notice").hidden = !notes.length;
    $("notice").textContent = notes.join("\n");
  }

  // A row of choices, as radio buttons.
  offer(id, names, choose) {
    const set = $(id);
    set.hidden = names.length < 2;
    if (set.dataset.names === JSON.stringify(names)) return;
    set.dataset.names = JSON.stringify(names);
    set.querySelectorAll("label").forEach((label) => label.remove());
    names.forEach((name, i) => {
      const label = element("label");
      const input = element("input", "", { type: "radio", name: id, value: name });
      input.addEventListener("change", () => choose(i));
      label.append(input, element("span", name));
      set.append(label);
    });
  }

  check(id, name) {
    for (const input of $(id).querySelectorAll("input")) input.checked = input.value === name;
  }

  next(id) {
    const inputs = [...$(id).querySelectorAll("input")];
    const now = inputs.findIndex((input) => input.checked);
    if (inputs.length > 1) inputs[(now + 1) % inputs.length].click();
  }

  // The backward pass.

  seek(position, follow = false) {
    this.position = Math.max(0, Math.min(this.drawing.swept.length, position));
    const edge = this.lastEdge();
    $("sweep").value = Math.round(this.position);
    const step = edge ? edge.step ?? this.lastStep() : this.lastStep();
    if (step !== this.cursor) {
      this.cursor = step;
      this.fillNodes();
      this.fillTables();
    }
    const said = this.said(edge);
    $("sweep").setAttribute("aria-valuetext", said);
    if (!this.playing) $("where").textContent = said;
    if (follow && edge && this.canvas.zoom >= CURVED) {
      this.canvas.show(edge.target.x - 60, edge.target.x + 30);
    }
    this.redraw();
  }

  lastEdge() {
    return this.drawing.swept[Math.ceil(this.position) - 1] ?? null;
  }

  lastStep() {
    const { steps } = this.picture;
    return steps.length ? steps[steps.length - 1][1] : null;
  }

  said(edge) {
    const { length } = this.drawing.swept;
    if (!length) return "No gradient was recorded.";
    if (!edge) return "Start of the backward pass: at the loss.";
    if (this.position === length && !this.playing) {
      return `The whole backward pass: ${length} edges. Press Space to play it.`;
    }
    return `Edge ${Math.ceil(this.position)} of ${length}: ${edgeName(edge)} sent back `
      + `${this.picture.norm} ${gradientText(edge.code)}`;
  }

  play(on = !this.playing) {
    const { length } = this.drawing.swept;
    if (on && !length) return;
    this.playing = on;
    $("play").textContent = on ? "Pause" : "Play";
    $("play").setAttribute("aria-pressed", String(on));
    $("where").setAttribute("aria-live", on ? "off" : "polite");
    if (!on) {
      this.seek(Math.round(this.position));
      return;
    }
    if (this.position >= length) this.position = 0;
    let last = performance.now();
    const frame = (now) => {
      if (!this.playing) return;
      const seconds = Math.max(4, Math.min(40, this.drawing.swept.length * 0.12));
      const rate = (this.drawing.swept.length / seconds) * Number($("speed").value);
      this.seek(this.position + (rate * Math.min(now - last, 100)) / 1000, true);
      last = now;
      $("where").textContent = this.said(this.lastEdge());
      if (this.position >= this.drawing.swept.length) this.play(false);
      else requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  // To the first edge of the next time step in that direction.
  stepBy(direction) {
    const { swept } = this.drawing;
    let at = Math.round(this.position);
    const step = swept[at - 1]?.step;
    while (at > 0 || direction > 0) {
      at += direction;
      if (at <= 0 || at >= swept.length || swept[at - 1].step !== step) break;
    }
    this.seek(at, true);
  }

  // Bring a time step to the middle, and the sweep to where it leaves that step.
  goTo(step) {
    const { swept } = this.drawing;
    let at = swept.length;
    while (at > 0 && swept[at - 1].step !== step) at--;
    const column = this.drawing.columns.get(step);
    if (column && this.canvas.zoom >= CURVED) {
      this.canvas.x = (column.left + column.right - this.canvas.width / this.canvas.zoom) / 2;
    }
    this.seek(at || this.position);
  }

  // Drawing.

  redraw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.drawNow();
    });
  }

  look() {
    return {
      theme: this.theme, scale: this.scale, position: this.position, swept: this.drawing.swept,
      paths: this.paths, filtered: this.filtered, low: this.low, high: this.high,
      focus: this.focused, cursor: this.cursor,
    };
  }

  drawNow() {
    const look = this.look();
    const { canvas } = this;
    canvas.draw(this.drawing, look);
    $("nodes").style.transform = `scale(${canvas.zoom}) translate(${-canvas.x}px, ${-canvas.y}px)`;
    const reached = this.bars[0]?.bars.filter((bar) => bar.ready <= this.position).length;
    const now = `${this.cursor} ${reached} ${this.theme.name}`;
    if (now !== this.drawnBars) { // moving the picture leaves the bars as they are
      this.drawnBars = now;
      for (const bars of this.bars) bars.draw(look);
      this.shareBars?.draw(look);
    }
  }

  readTheme() {
    const chosen = $("theme").value;
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    this.theme = this.data.themes[chosen === "auto" ? (dark ? "dark" : "light") : chosen];
    document.documentElement.dataset.theme = chosen;
  }

  legend() {
    const { scale } = this;
    const colours = element("div", "", { class: "ramp" });
    for (let level = -scale.levels; level <= scale.levels; level++) {
      const bar = element("i");
      bar.style.height = `${scale.thin + ((scale.thick - scale.thin) * (level / scale.levels + 1)) / 2 + 4}px`;
      colours.append(bar);
    }
    $("ramp").replaceChildren(...colours.children);
    const ends = element("div", "", { id: "ends" });
    for (const decades of [scale.low, 0, scale.high]) {
      ends.append(element("span", powerText(scale.middle + decades)));
    }
    $("ramp").after(ends);
    $("ramp").setAttribute("aria-label", `Colour scale from ${ends.textContent}`);
    $("norm").textContent = `Edge: ${scale.norm} norm of what it sent back. Node: of their sum.`;
    this.paintLegend();
    this.filterRange();
  }

  paintLegend() {
    [...$("ramp").children].forEach((bar, i) => (bar.style.background = this.theme.ramp[i]));
  }

  // Bars.

  strips() {
    $("strips").replaceChildren();
    this.bars = [];
    this.picture.strips.forEach((strip) => {
      const codes = this.codes(strip);
      const state = `${strip.layer ? `${strip.layer}, ` : ""}${strip.state}`;
      const bars = [...eachStep(strip.steps)].map((step, i) => ({
        step, code: codes[i], ready: this.passed(step),
      }));
      const { rate: fitted } = strip;
      const rate = fitted === null ? "" : `: ${Math.abs(fitted).toFixed(2)} decades per step `
        + (fitted >= 0 ? "lost on the way back" : "gained on the way back");
      const first = bars[0], last = bars[bars.length - 1];
      const text = `${this.prefix()}gradient at ${state}_t, `
        + `all ${bars.length} steps${rate}`;
      const canvas = element("canvas", "", {
        role: "img",
        "aria-label": `${text}. ${gradientText(last.code)} at t = ${last.step}, `
          + `${gradientText(first.code)} at t = ${first.step}.`,
      });
      $("strips").append(element("h2", text), canvas);
      this.bars.push(this.clickable(new Bars(canvas, bars, this.lowest, this.rivals(strip))));
    });
    this.drawnBars = null;
  }

  codes({ steps, values: [number, start] }) {
    return this.series[number].subarray(start, start + countOf(steps));
  }

  // The same state in the other drawings, where they have as many steps.
  rivals({ state, layer, steps }) {
    return this.pictures.filter((one) => one !== this.picture).flatMap(({ name, strips }) => strips
      .filter((one) => one.state === state && one.layer === layer && countOf(one.steps) === countOf(steps))
      .map((one) => ({ name, codes: this.codes(one) })));
  }

  // From which position of the sweep on a step's gradients are known.
  passed(step) {
    const column = this.drawing.columns.get(step);
    const states = column?.nodes.filter((node) => node.group.role === "state") ?? [];
    return Math.max(0, ...states.map((node) => node.ready));
  }

  clickable(bars) {
    bars.canvas.addEventListener("pointerdown", (event) => this.goTo(bars.at(event.offsetX).step));
    bars.canvas.addEventListener("pointermove", (event) => {
      const { step, code } = bars.at(event.offsetX);
      bars.canvas.title = `t = ${step}: ${gradientText(code)}`;
      if (event.buttons) this.goTo(step);
    });
    return bars;
  }

  sharing() {
    const { parameters } = this.picture;
    const chosen = $("parameter").value;
    $("sharing").hidden = !parameters.length;
    $("parameter").replaceChildren(...parameters.map((one) => element("option", one.name)));
    if (parameters.some((one) => one.name === chosen)) $("parameter").value = chosen;
    this.shareBars = null;
    if (parameters.length) this.share();
  }

  share() {
    const one = this.picture.parameters[$("parameter").selectedIndex];
    const { norm } = this.picture;
    const bars = [...eachStep(one.steps)].map((step, i) => ({
      step, code: one.parts.code(norm, i), ready: this.passed(step),
    }));
    const most = bars.reduce((a, b) => (logOf(b.code) > logOf(a.code) ? b : a), bars[0]);
    const text = `${norm} of each step's own contribution; of their sum: `
      + `${gradientText(one.numbers.code(norm, 0))}`
      + (most ? `. Largest at t = ${most.step}: ${gradientText(most.code)}` : "");
    $("sharing-text").textContent = text;
    $("shares").setAttribute("aria-label", `${one.name}: ${text}`);
    this.shareBars = new Bars($("shares"), bars, lowest(this.scale, bars.map((bar) => bar.code)));
    this.drawnBars = null;
    this.redraw();
  }

  // Choosing and pointing.

  choose(found) {
    if (!found) return this.clear();
    const { drawing } = this;
    const starts = found.node ? [found.node] : found.edge ? [found.edge.target]
      : drawing.nodes.filter((n) => n.group.role === "parameter" && n.group.name === found.sum.label);
    this.paths = drawing.pathsFrom(starts);
    if (found.edge) {
      this.paths.edges.add(found.edge);
      this.paths.nodes.add(found.edge.source);
    }
    this.focused = found.node ?? null;
    const parts = (found.node?.out ?? [])
      .filter((edge) => edge.order >= 0 && (edge.via ?? edge.source) === found.node)
      .map((edge) => `${edgeName(edge)}: ${edge.group.numbers.gradient(edge.i)}`);
    const sum = parts.length > 1 ? `\n\nsum of ${parts.length} contributions:\n${parts.join("\n")}` : "";
    $("chosen").textContent = `${this.textOf(found)}${sum}\n\n`
      + `${this.paths.edges.size} edges on the paths to the loss`;
    $("clear").hidden = false;
    if (found.sum) {
      const i = this.picture.parameters.indexOf(found.sum.parameter);
      $("parameter").selectedIndex = i;
      this.share();
    }
    this.redraw();
    return undefined;
  }

  clear() {
    this.paths = null;
    this.focused = null;
    $("clear").hidden = true;
    $("chosen").textContent = "Click a node, an edge or a sum (or press Enter on a node) to light up "
      + "every path from it to the loss.";
    this.hideTip();
    this.redraw();
  }

  textOf({ node, edge, sum }) {
    if (node && node.group.role === "omitted") return node.label;
    return node ? this.drawing.nodeText(node) : edge ? this.drawing.edgeText(edge) : this.drawing.sumText(sum);
  }

  tip(text, x, y) {
    const tip = $("tip");
    tip.textContent = text;
    tip.hidden = false;
    const { width, height } = this.canvas;
    tip.style.left = `${Math.max(4, Math.min(x + 14, width - tip.offsetWidth - 4))}px`;
    tip.style.top = `${y + 18 + tip.offsetHeight > height ? Math.max(4, y - tip.offsetHeight - 10) : y + 18}px`;
  }

  hideTip() {
    $("tip").hidden = true;
  }

  // The nodes of the sweep's time step, to be reached by Tab and arrow keys.
  fillNodes() {
    const column = this.drawing.columns.get(this.cursor)
      ?? this.drawing.columns.values().next().value;
    this.stops = (column?.nodes ?? []).filter((node) => node.group.role !== "junction");
    const active = document.activeElement?.parentElement === $("nodes");
    if (active) return; // the reader stands there
    this.makeStops();
  }

  makeStops() {
    const where = this.cursor === null ? "Nodes" : `Nodes at t = ${this.cursor}`;
    $("nodes").setAttribute("aria-label", where);
    $("nodes").replaceChildren(...this.stops.map((node, i) => {
      const { role } = node.group;
      const said = `${nodeName(node)}, ${role}, gradient ${gradientText(node.code)}`;
      const button = element("button", "", {
        type: "button", "aria-label": said, "aria-describedby": "tip", tabindex: i ? -1 : 0,
      });
      const { x, y, width, height } = node;
      Object.assign(button.style, {
        left: `${x - width / 2}px`, top: `${y - height / 2}px`, width: `${width}px`, height: `${height}px`,
      });
      button.addEventListener("focus", () => this.focus(node));
      button.addEventListener("blur", () => {
        this.hideTip();
        if (!this.paths) this.focused = null;
        this.redraw();
      });
      button.addEventListener("click", () => this.choose({ node }));
      button.addEventListener("keydown", (event) => this.nodeKey(event, node, i));
      return button;
    }));
  }

  focus(node) {
    const { canvas } = this;
    this.focused = node;
    $("graph").scrollLeft = $("graph").scrollTop = 0;
    canvas.show(node.x - node.width / 2, node.x + node.width / 2);
    const x = (node.x + node.width / 2 - canvas.x) * canvas.zoom;
    this.tip(this.textOf({ node }), x, (node.y - canvas.y) * canvas.zoom);
    this.redraw();
  }

  nodeKey(event, node, i) {
    const stops = $("nodes").children;
    const away = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const aside = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.shiftKey || !(away || aside)) return;
    event.preventDefault();
    event.stopPropagation();
    if (away) {
      stops[(i + away + stops.length) % stops.length].focus();
      return;
    }
    const other = this.drawing.beside(node, aside);
    if (!other) return;
    this.cursor = other.step;
    this.stops = this.drawing.columns.get(other.step).nodes.filter((n) => n.group.role !== "junction");
    this.makeStops();
    this.fillTables();
    $("nodes").children[this.stops.indexOf(other)].focus();
  }

  // The table view.

  fillTables() {
    if (!$("table").open) return;
    $("step").value = this.cursor;
    const { drawing, picture, cursor } = this;
    const outside = [...drawing.columns.values()].filter((column) => typeof column.key !== "number");
    const nodes = [drawing.columns.get(cursor), ...outside].filter(Boolean).flatMap((column) => column.nodes);
    const edges = [drawing.columns.get(cursor), ...outside].filter(Boolean).flatMap((column) => column.edges);
    const values = (node) => (node.group.values ? node.group.numbers.values(node.i) : ["", "", ""]);
    const tables = [
      this.table(`Nodes at t = ${cursor}, and before and after all steps`,
        ["node", "role", "gate", "operation", "shape", "local derivatives", "smallest value", "mean", "largest", "gradient (sum)"],
        nodes.filter((node) => node.group.role !== "junction").map((node) => [
          nodeName(node), node.group.role, node.group.gate ?? "", node.group.op,
          `(${(node.group.shape ?? []).join(", ")})`, (node.group.derivatives ?? []).join("; "),
          ...values(node), node.group.numbers.gradient(node.i)])),
      this.table(`Edges into t = ${cursor}, and before and after all steps`,
        ["from", "to", "input", "gradient sent back"],
        edges.map((edge) => [nodeName(edge.source), edge.group.rail ? "this step" : nodeName(edge.target),
          (edge.group.slot ?? 0) < 0 ? "" : String(edge.group.slot ?? 0),
          edge.order < 0 ? drawing.edgeText(edge).split("\n").at(-1) : edge.group.numbers.gradient(edge.i)])),
    ];
    if (this.bars.length) {
      const heads = picture.strips.map(({ layer, state }) => `${layer ? `${layer}, ` : ""}${state}_t`);
      tables.push(this.table(`${picture.norm} norm of the gradient at the states, all steps`, ["t", ...heads],
        this.bars[0].bars.map(({ step }, i) => [String(step),
          ...this.bars.map((one) => gradientText(one.bars[i]?.code ?? NONE))])));
    }
    $("tables").replaceChildren(...tables);
  }

  table(caption, heads, rows) {
    const table = element("table");
    const line = (cells, tag) => {
      const row = element("tr");
      row.append(...cells.map((cell) => element(tag, cell, tag === "th" ? { scope: "col" } : {})));
      return row;
    };
    const head = element("thead"), body = element("tbody");
    head.append(line(heads, "th"));
    body.append(...rows.map((cells) => line(cells, "td")));
    table.append(element("caption", caption), head, body);
    return table;
  }

  // The filter works on decimal logarithms.

  filterRange() {
    const { scale } = this;
    for (const id of ["low", "high"]) {
      $(id).min = Math.floor((scale.middle + scale.low) * 10) / 10;
      $(id).max = Math.ceil((scale.middle + scale.high) * 10) / 10;
      $(id).value = id === "low" ? $(id).min : $(id).max;
    }
    this.filter();
  }

  filter() {
    const open = { low: $("low").value === $("low").min, high: $("high").value === $("high").max };
    this.low = open.low ? -Infinity : Number($("low").value);
    this.high = open.high ? Infinity : Number($("high").value);
    this.filtered = !(open.low && open.high);
    for (const id of ["low", "high"]) {
      $(`${id}-text`).textContent = open[id] ? "any" : powerText(Number($(id).value));
    }
    this.redraw();
  }

  // Connecting all this to the reader.

  connect() {
    const on = (id, type, act) => $(id).addEventListener(type, act);
    on("play", "click", () => this.play());
    on("sweep", "input", () => {
      if (this.playing) this.play(false);
      this.seek(Number($("sweep").value), true);
    });
    on("low", "input", () => this.filter());
    on("high", "input", () => this.filter());
    on("parameter", "change", () => this.share());
    this.clickable({ canvas: $("shares"), at: (x) => this.shareBars.at(x) });
    on("clear", "click", () => this.clear());
    on("theme", "change", () => this.changeTheme());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.changeTheme());
    on("keys", "click", () => $("help").showModal());
    on("closer", "click", () => this.zoom(1.3));
    on("farther", "click", () => this.zoom(1 / 1.3));
    on("whole", "click", () => this.place("fit"));
    on("tall", "click", () => this.place("fitHeight"));
    on("table", "toggle", () => this.fillTables());
    on("step", "change", () => this.goTo(Number($("step").value)));
    document.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => {
      this.canvas.resize();
      this.drawnBars = null;
      if (this.drawing) this.drawNow();
    }).observe($("graph"));
    this.pointing($("canvas"));
  }

  pointing(canvas) {
    let held = null, moved = false;
    canvas.addEventListener("pointerdown", (event) => {
      held = [event.offsetX, event.offsetY];
      moved = false;
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const { offsetX: x, offsetY: y } = event;
      if (!held) return this.hover(x, y);
      if (!moved && Math.hypot(x - held[0], y - held[1]) < 4) return undefined;
      moved = true;
      canvas.classList.add("moving");
      this.hideTip();
      this.pan(held[0] - x, held[1] - y);
      held = [x, y];
      return undefined;
    });
    canvas.addEventListener("pointerup", (event) => {
      if (held && !moved) this.choose(this.canvas.at(this.drawing, event.offsetX, event.offsetY));
      held = null;
      canvas.classList.remove("moving");
    });
    canvas.addEventListener("pointerleave", () => this.hideTip());
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (event.shiftKey) return this.pan(event.deltaX || event.deltaY, 0);
      this.canvas.zoomAt(event.offsetX, event.offsetY, Math.exp(-event.deltaY / 400));
      this.hideTip();
      return this.redraw();
    }, { passive: false });
  }

  hover(x, y) {
    const found = this.canvas.at(this.drawing, x, y);
    $("canvas").classList.toggle("over", Boolean(found));
    if (found) this.tip(this.textOf(found), x, y);
    else this.hideTip();
  }

  pan(x, y) {
    this.canvas.x += x / this.canvas.zoom;
    this.canvas.y += y / this.canvas.zoom;
    this.redraw();
  }

  zoom(factor) {
    this.canvas.zoomAt(this.canvas.width / 2, this.canvas.height / 2, factor);
    this.redraw();
  }

  place(how) {
    this.canvas[how](this.drawing);
    this.redraw();
  }

  changeTheme() {
    this.readTheme();
    this.paintLegend();
    this.redraw();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
    const { target, key } = event;
    if (target.matches("select, input[type=number]")) return;
    const ranged = target.matches("input[type=range], input[type=radio]"); // these use arrows
    const pressed = target.matches("button, summary, input[type=radio]"); // and these the space bar
    const move = { ArrowLeft: [-80, 0], ArrowRight: [80, 0], ArrowUp: [0, -80], ArrowDown: [0, 80] }[key];
    const acts = {
      " ": pressed ? null : () => this.play(),
      Escape: () => this.clear(),
      ArrowLeft: ranged ? null : () => this.seek(Math.floor(this.position) + 1, true),
      ArrowRight: ranged ? null : () => this.seek(Math.ceil(this.position) - 1, true),
      Home: ranged ? null : () => this.seek(0, true),
      End: ranged ? null : () => this.seek(Infinity, true),
      PageDown: ranged && target.id !== "sweep" ? null : () => this.stepBy(1),
      PageUp: ranged && target.id !== "sweep" ? null : () => this.stepBy(-1),
      "+": () => this.zoom(1.3),
      "=": () => this.zoom(1.3),
      "-": () => this.zoom(1 / 1.3),
      0: () => this.place("fit"),
      1: () => this.place("fitHeight"),
      d: () => this.next("levels"),
      c: () => this.next("cells"),
      t: () => ($("table").open = !$("table").open),
      "?": () => $("help").showModal(),
    };
    const act = event.shiftKey && move ? () => this.pan(...move) : acts[key] ?? acts[key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  }
}

const countOf = (ranges) => ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);

// The smallest of some gradients, in whole decades from the scale's reference.
function lowest(scale, codes) {
  const found = codes.map((code) => scale.decades(code)).filter(Number.isFinite);
  return found.reduce((a, b) => Math.min(a, Math.floor(b)), scale.low);
}

async function start() {
  const data = JSON.parse($("data").textContent);
  const [text, numbers] = await Promise.all([data.drawing, data.numbers].map(inflate));
  const drawing = JSON.parse(new TextDecoder().decode(text));
  const series = unpool(numbers, drawing.series, drawing.order);
  globalThis.gradientPage = new Page(data, drawing, series); // for scripts: seek, play, choose, ...
}

start().catch((error) => {
  $("notice").hidden = false;
  $("notice").textContent = typeof DecompressionStream === "undefined"
    ? "This page needs a browser from 2024 or later." : `The page cannot be drawn: ${error.message}`;
  throw error;
});
