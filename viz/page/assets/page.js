// The page itself: which drawing is shown, what is chosen in it, and when to draw.

class Page {
  constructor(data, drawing, series) {
    keepFine(drawing.fine);
    Object.assign(this, { data, series, norms: drawing.norms, pictures: drawing.pictures });
    this.scale = new Scale(data.scale);
    this.canvas = new GraphCanvas($("canvas"));
    this.ready = new Map(); // drawings, unfolded when first shown
    this.legend = new Legend(this);
    this.filter = new Filter(this);
    this.findings = new Findings(this);
    this.strips = new Strips(this);
    this.shares = new Shares(this);
    this.levels = new Levels(this);
    this.units = new Units(this);
    this.live = new Live(this);
    this.sweep = new Sweep(this);
    this.stops = new Stops(this);
    this.table = new Table(this);
    this.pointer = new Pointer(this);
    this.keys = new Keys(this);
    this.address = new Address(this);
    this.placed = "fit"; // how the view came about; null once the reader has moved it
    this.pinned = null; // the level of detail that the reader has chosen
    this.offer("cells", this.pictures.map((one) => one.name), (i) => this.show(i, this.pinned));
    this.watch();
    this.show(0, data.detail);
    this.address.read();
  }

  // Which drawing.

  // At the same place in time, the same selection and the same part of the sweep as before. Without
  // a level the one is shown at which the steps in view can be read.
  show(number, level) {
    const { drawing: before, canvas } = this;
    const other = number !== this.number;
    const place = before && !this.placed ? canvas.placeIn(before) : null;
    const state = before ? this.state(other) : null;
    this.number = number;
    this.picture = this.pictures[number];
    const { levels, has_flow: flows, headline } = this.picture;
    this.pinned = level in levels ? level : null;
    canvas.resize();
    const names = Object.keys(levels);
    this.overview = this.pinned ? this.unfold(number, this.pinned) : this.levels.opening();
    this.use(this.overview);
    this.offer("levels", ["auto", ...names], (i) => this.show(this.number, ["auto", ...names][i]));
    $("levels").hidden = names.length < 2;
    this.check("cells", number);
    this.check("levels", names.indexOf(this.pinned) + 1);
    for (const id of ["transport", "filter", "legend"]) $(id).hidden = !flows;
    if (canvas.sized) this.strips.measure();
    this.strips.fill();
    this.worst = worstOf(this.picture, this.strips, this.strips.triangle);
    this.shares.fill();
    this.clear();
    $("headline").hidden = !headline;
    $("headline").textContent = headline;
    this.findings.fill();
    this.units.fill();
    if (other) this.live.fill();
    this.say();
    $("canvas").setAttribute("aria-label", this.description());
    if (!this.pinned && this.home === this.placed) this.placed = this.home = "fit";
    if (place && this.drawing.columns.has(place.step)) canvas.goToPlace(this.drawing, place);
    else this.place(this.placed ?? "fit");
    const large = this.pinned && this.pinned !== "step" && this.placed === "fit" && canvas.zoom < READABLE;
    if (large) this.place("fitHeight");
    this.home = large || this.home === "fitHeight" ? "fitHeight" : "fit";
    this.levels.open();
    this.restore(state);
    this.redraw(true);
  }

  // Use a drawing of the same steps, such as another level of detail.
  use(drawing) {
    this.drawing = drawing;
    this.detail = drawing.level;
  }

  // How far the sweep has come, and what is chosen.
  state(anew = false) {
    return { passed: this.sweep.passed(), chosen: anew ? null : this.chosen }; // another cell's ids are of other nodes
  }

  restore(state) {
    this.sweep.step = undefined;
    this.sweep.restart(state?.passed);
    const again = state?.chosen && this.drawing.find(state.chosen);
    if (again) this.choose(again);
  }

  // Notes on the drawing, and what else the reader has to know.
  say(more = this.remarks ?? []) {
    this.remarks = more;
    const notes = [...(this.picture.levels[this.detail].notes ?? []), ...more];
    $("notice").hidden = !notes.length;
    $("notice").textContent = notes.join("\n");
  }

  unfold(number, detail) {
    const key = `${number} ${detail}`;
    if (!this.ready.has(key)) {
      const picture = this.pictures[number];
      for (const one of picture.parameters) {
        one.numbers ??= new Numbers(this.series, one, this.norms);
        one.parts ??= new Numbers(this.series, one.shares, this.norms);
      }
      this.ready.set(key, new Drawing(detail, picture.levels[detail], this.series, this.norms, picture));
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

  // A row of choices, as radio buttons; of many, such as epochs of a training, a slider.
  offer(id, names, choose) {
    const set = $(id);
    set.hidden = names.length < 2;
    if (set.dataset.names === JSON.stringify(names)) return;
    set.dataset.names = JSON.stringify(names);
    set.querySelectorAll("label").forEach((label) => label.remove());
    if (names.length > MOST_BUTTONS) {
      const label = element("label"), output = element("output");
      const slider = element("input", "", { type: "range", min: 0, max: names.length - 1, "aria-label": "Drawing" });
      slider.addEventListener("input", () => choose(Number(slider.value)));
      label.append(slider, output);
      set.append(label);
      return;
    }
    names.forEach((name, i) => {
      const label = element("label");
      const input = element("input", "", { type: "radio", name: id, value: name });
      input.addEventListener("change", () => choose(i));
      label.append(input, element("span", LEVEL_NAMES[name] ?? name));
      set.append(label);
    });
  }

  check(id, number) {
    const inputs = $(id).querySelectorAll("input");
    inputs.forEach((input, i) => (input.checked = i === number));
    if (inputs[0]?.type !== "range") return;
    const name = JSON.parse($(id).dataset.names)[number];
    inputs[0].value = number;
    inputs[0].setAttribute("aria-valuetext", name);
    $(id).querySelector("output").textContent = name;
  }

  next(id) {
    const inputs = [...$(id).querySelectorAll("input")];
    if (inputs[0]?.type === "range") {
      this.show((this.number + 1) % this.pictures.length, this.pinned);
      return;
    }
    const now = inputs.findIndex((input) => input.checked);
    if (inputs.length > 1) inputs[(now + 1) % inputs.length].click();
  }

  // What is chosen: a node, an edge or a sum, with every path from it to the loss.

  choose(found) {
    if (!found) {
      this.clear();
      return;
    }
    const { drawing } = this;
    this.chosen = drawing.idOf(found);
    this.paths = drawing.pathsFrom(drawing.startsOf(found));
    if (found.edge) {
      this.paths.edges.add(found.edge);
      this.paths.nodes.add(found.edge.source);
    }
    this.focused = found.node ?? null;
    if (this.strips.bars) this.strips.triangle.follow(found.node);
    const parts = (found.node?.out ?? [])
      .filter((edge) => edge.order >= 0 && (edge.via ?? edge.source) === found.node)
      .map((edge) => `${edgeName(edge)}: ${edge.group.numbers.gradient(edge.i)}`);
    const sum = parts.length > 1 ? `\n\nsum of ${parts.length} contributions:\n${parts.join("\n")}` : "";
    $("chosen").textContent = `${drawing.textOf(found)}${sum}\n\n`
      + `${counted(this.paths.edges.size, "edge")} on the paths to the loss`;
    $("clear").hidden = false;
    if (found.sum) this.shares.show(found.sum.parameter);
    else if (found.node?.group.role === "parameter") {
      this.shares.show(this.picture.parameters.find(({ name }) => name === found.node.group.name));
    }
    this.redraw();
  }

  clear() {
    this.paths = this.focused = this.chosen = null;
    $("clear").hidden = true;
    $("chosen").textContent = "Click a node, an edge or a sum (or press Enter on a node) to light up "
      + "every path from it to the loss.";
    this.pointer.hideTip();
    this.redraw();
  }

  // Drawing: once for each frame of the screen, whatever has changed.

  redraw(bars = false) {
    if (bars) this.drawnBars = null;
    if (this.waiting || !this.drawing) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.drawNow();
    });
  }

  // All that decides how things look.
  look() {
    const { theme, scale, paths, filter, focused, sweep: { position, step }, drawing: { swept } } = this;
    const slow = !this.sweep.playing || this.sweep.byEdge || swept.length < 6 * this.sweep.ends;
    return { theme, scale, paths, filter, focused, position, step, swept, slow };
  }

  drawNow() {
    const look = this.look();
    const { canvas, strips: { bars } } = this;
    if (!canvas.sized) return; // drawn once it is shown
    this.address.keep();
    canvas.draw(this.drawing, look);
    canvas.drawFading(() => this.redraw());
    $("nodes").style.transform = `scale(${canvas.zoom}, ${canvas.tall}) translate(${-canvas.x}px, ${-canvas.y}px)`;
    this.strips.showWindow();
    const now = `${Math.floor(look.position)} ${look.step} ${this.theme.name}`;
    if (now === this.drawnBars) return; // moving the picture leaves the bars as they are
    this.drawnBars = now;
    for (const one of bars) one.draw(look);
    this.strips.triangle.draw(look);
    this.units.draw(look);
    this.shares.draw(look);
  }

  pan(x, y) {
    this.placed = null;
    this.sweep.loose = true;
    this.canvas.x += x / this.canvas.zoom;
    this.canvas.y += y / this.canvas.zoom;
    this.canvas.keepInside(this.drawing);
    this.redraw();
  }

  zoom(factor, x = this.canvas.width / 2, y = this.canvas.height / 2) {
    this.placed = null;
    this.canvas.zoomAt(x, y, factor, this.drawing);
    this.levels.open();
    this.redraw();
  }

  place(how) {
    this.placed = how;
    if (how === "fit" && this.drawing !== this.overview && !this.pinned) this.show(this.number, null);
    else if (this.canvas.sized) this.canvas[how](this.drawing);
    this.levels.open();
    this.redraw();
  }

  // The window, or the notebook's cell, has another size, or one for the first time.
  resized() {
    const { canvas, drawing } = this;
    const middle = canvas.middle;
    canvas.resize();
    if (!drawing || !canvas.sized) return;
    if (this.placed === "fit" && !this.pinned) this.show(this.number, null);
    else if (this.placed) canvas[this.placed](drawing);
    else canvas.lookAt(...middle);
    this.strips.measure();
    this.live.redraw();
    this.drawnBars = null;
    this.drawNow();
  }

  // The window's size, and the reader's wish for light or dark.
  watch() {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const change = () => {
      const { value } = $("theme");
      this.theme = this.data.themes[value === "auto" ? (dark.matches ? "dark" : "light") : value];
      document.documentElement.dataset.theme = value;
      this.legend.paint(this.theme);
      this.live?.redraw();
      this.redraw(true);
    };
    dark.addEventListener("change", change);
    $("theme").addEventListener("change", change);
    change();
    new ResizeObserver(() => this.resized()).observe($("graph"));
  }
}

const MOST_BUTTONS = 6;

async function start() {
  const data = JSON.parse($("data").textContent);
  const [text, numbers] = await Promise.all([data.drawing, data.numbers].map(inflate));
  const drawing = JSON.parse(new TextDecoder().decode(text));
  const series = unpool(numbers, drawing.series, drawing.order);
  globalThis.gradientPage = new Page(data, drawing, series); // for scripts: sweep.play(), choose(), ...
}

start().catch(fail);
