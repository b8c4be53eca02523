// The page itself: which drawing is shown, what is chosen in it, and when to draw.

class Page {
  constructor(data, drawing, series) {
    keepDigits(drawing.digits);
    Object.assign(this, { data, series, norms: drawing.norms, pictures: drawing.pictures });
    this.scale = new Scale(data.scale);
    this.canvas = new GraphCanvas($("canvas"));
    this.ready = new Map(); // drawings, unfolded when first shown
    this.legend = new Legend(this);
    this.filter = new Filter(this);
    this.strips = new Strips(this);
    this.shares = new Shares(this);
    this.sweep = new Sweep(this);
    this.stops = new Stops(this);
    this.table = new Table(this);
    this.pointer = new Pointer(this);
    this.keys = new Keys(this);
    this.address = new Address(this);
    this.placed = "fitHeight"; // how the view came about; null once the reader has moved it
    this.offer("cells", this.pictures.map((one) => one.name), (i) => this.show(i, this.detail));
    this.watch();
    this.show(0, data.detail);
    this.address.read();
  }

  // Which drawing.

  // At the same place in time, the same selection and the same part of the sweep as before.
  show(number, detail) {
    const { drawing: before, canvas, chosen } = this;
    const place = before && !this.placed ? canvas.placeIn(before) : null;
    const passed = before ? this.sweep.passed() : null;
    const kept = number === this.number ? chosen : null; // another cell's ids are of other nodes
    this.number = number;
    this.picture = this.pictures[number];
    const levels = Object.keys(this.picture.levels);
    this.detail = levels.includes(detail) ? detail : levels[0];
    this.drawing = this.unfold(number, this.detail);
    this.offer("levels", levels, (i) => this.show(this.number, levels[i]));
    this.check("cells", number);
    this.check("levels", levels.indexOf(this.detail));
    for (const id of ["transport", "filter", "legend"]) $(id).hidden = !this.picture.has_flow;
    this.strips.fill();
    this.shares.fill();
    this.clear();
    const { headline } = this.picture;
    $("headline").hidden = !headline;
    $("headline").textContent = headline;
    this.say();
    $("canvas").setAttribute("aria-label", this.description());
    canvas.resize();
    if (place && this.drawing.columns.has(place.step)) canvas.goToPlace(this.drawing, place);
    else this.place(this.placed ?? "fitHeight");
    this.sweep.step = undefined;
    this.sweep.restart(passed);
    const again = kept && this.drawing.find(kept);
    if (again) this.choose(again);
    this.redraw(true);
  }

  // Notes on the drawing, and what else the reader has to know.
  say(more = []) {
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
      this.ready.set(key, new Drawing(picture.levels[detail], this.series, this.norms, picture));
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

  check(id, number) {
    $(id).querySelectorAll("input").forEach((input, i) => (input.checked = i === number));
  }

  next(id) {
    const inputs = [...$(id).querySelectorAll("input")];
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
    const parts = (found.node?.out ?? [])
      .filter((edge) => edge.order >= 0 && (edge.via ?? edge.source) === found.node)
      .map((edge) => `${edgeName(edge)}: ${edge.group.numbers.gradient(edge.i)}`);
    const sum = parts.length > 1 ? `\n\nsum of ${parts.length} contributions:\n${parts.join("\n")}` : "";
    $("chosen").textContent = `${drawing.textOf(found)}${sum}\n\n`
      + `${this.paths.edges.size} edges on the paths to the loss`;
    $("clear").hidden = false;
    if (this.shares.shared.includes(found.sum?.parameter)) this.shares.show(found.sum.parameter);
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
    return { theme, scale, paths, filter, focused, position, step, swept };
  }

  drawNow() {
    const look = this.look();
    const { canvas, strips: { bars } } = this;
    if (!canvas.sized) return; // drawn once it is shown
    this.address.keep();
    canvas.draw(this.drawing, look);
    $("nodes").style.transform = `scale(${canvas.zoom}) translate(${-canvas.x}px, ${-canvas.y}px)`;
    const reached = bars[0]?.bars.filter((bar) => bar.ready <= look.position).length;
    const now = `${look.step} ${reached} ${this.theme.name}`;
    if (now === this.drawnBars) return; // moving the picture leaves the bars as they are
    this.drawnBars = now;
    for (const one of bars) one.draw(look);
    this.shares.bars?.draw(look);
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
    this.redraw();
  }

  place(how) {
    this.placed = how;
    if (this.canvas.sized) this.canvas[how](this.drawing);
    this.redraw();
  }

  // The window, or the notebook's cell, has another size, or one for the first time.
  resized() {
    const { canvas, drawing } = this;
    const middle = canvas.middle;
    canvas.resize();
    if (!drawing || !canvas.sized) return;
    if (this.placed) canvas[this.placed](drawing);
    else canvas.lookAt(...middle);
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
      this.redraw(true);
    };
    dark.addEventListener("change", change);
    $("theme").addEventListener("change", change);
    change();
    new ResizeObserver(() => this.resized()).observe($("graph"));
  }
}

async function start() {
  const data = JSON.parse($("data").textContent);
  const [text, numbers] = await Promise.all([data.drawing, data.numbers].map(inflate));
  const drawing = JSON.parse(new TextDecoder().decode(text));
  const series = unpool(numbers, drawing.series, drawing.order);
  globalThis.gradientPage = new Page(data, drawing, series); // for scripts: sweep.play(), choose(), ...
}

start().catch(fail);
