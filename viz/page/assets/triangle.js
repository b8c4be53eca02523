// The gradient through time, itemised: each row is what the loss at one step alone sends back, each
// column a state. With a loss at every step it tells how far back one of them reaches; a sum hides it.

class Triangle {
  constructor(page) {
    this.page = page;
    this.canvas = $("triangle");
    this.row = null; // the number of the row that is chosen
    this.canvas.addEventListener("pointerdown", (event) => this.point(event));
    this.canvas.addEventListener("pointermove", (event) => {
      const { row, step } = this.at(event);
      this.canvas.title = this.said(row, step);
      if (event.buttons) this.point(event);
    });
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  fill() {
    const { triangle } = this.page.picture;
    $("itemised").hidden = !triangle;
    this.row = null;
    this.rows = [];
    if (!triangle) return;
    const { losses, steps, state, layer, values: [number, start] } = triangle;
    const series = this.page.series[number];
    let from = start;
    for (const loss of losses) { // nothing comes back from it to what is later
      const count = steps.filter((step) => step <= loss).length;
      this.rows.push({ loss, codes: series.subarray(from, from + count) });
      from += count;
    }
    this.steps = steps;
    this.state = state;
    const all = this.page.picture.strips[0] ? countOf(this.page.picture.strips[0].steps) : steps.length;
    const some = losses.length < all ? `, ${losses.length} of all losses` : "";
    $("itemised-title").textContent = `${layer ? `${layer}: ` : ""}what the loss at each step (row) alone sends `
      + `back to ${state}_t (column)${some}`;
    this.canvas.setAttribute("aria-label", $("itemised-title").textContent);
    this.canvas.setAttribute("aria-valuemin", losses[0]);
    this.canvas.setAttribute("aria-valuemax", losses.at(-1));
    this.tell(this.page.sweep?.step ?? steps.at(-1));
  }

  draw(look) {
    if (!this.rows.length) return;
    const { canvas, rows, steps } = this;
    const { theme, step: current } = look;
    const density = globalThis.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width) return;
    const { axis, ends } = this.layout();
    const key = [width, height, density, axis.x, axis.zoom, theme.name, this.page.number].join(" ");
    if (key !== this.painted) {
      this.painted = key;
      this.picture = this.paint(look, { width, height, density, axis, ends });
      canvas.width = this.picture.width;
      canvas.height = this.picture.height;
    }
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    const column = steps.indexOf(current);
    if (column >= 0) {
      const [left, right] = ends(column);
      context.fillStyle = theme.parameter;
      context.fillRect(left * density, 0, Math.max(right - left, 2) * density, canvas.height);
    }
    context.drawImage(this.picture, 0, 0);
    if (this.row === null) return;
    context.setTransform(density, 0, 0, density, 0, 0);
    context.strokeStyle = theme.text;
    context.lineWidth = 1.5;
    const left = ends(0)[0], right = ends(rows[this.row].codes.length - 1)[1];
    context.strokeRect(left, this.row * this.tall, right - left, Math.max(this.tall, 2));
  }

  // All rows, on a canvas of their own.
  paint({ theme, scale }, { width, height, density, axis, ends }) {
    const { rows, steps } = this;
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(height * density);
    const context = canvas.getContext("2d");
    context.scale(density, density);
    const tall = (this.tall = height / rows.length);
    const sharp = (v) => Math.round(v * density) / density;
    rows.forEach(({ codes }, k) => codes.forEach((code, i) => {
      if (code === ZERO || code === NONE) return;
      const [left, right] = ends(i);
      const top = sharp(k * tall), bottom = sharp((k + 1) * tall);
      context.fillStyle = notFinite(code) ? theme.alarm : theme.ramp[scale.level(code) + scale.levels];
      const below = scale.low - scale.decades(code); // paler, the further below the scale
      context.globalAlpha = below > 0 ? Math.max(0.12, 1 - below / 6) : 1;
      context.fillRect(sharp(left), top, Math.max(sharp(right) - sharp(left), 0.5), bottom - top);
    }));
    context.globalAlpha = 1;
    const size = 10 * textScale(), every = Math.ceil((size + 2) / tall);
    context.font = `${size}px ${FONT}`;
    context.fillStyle = theme.muted;
    context.textAlign = "right";
    context.textBaseline = "middle";
    const left = axis.middle(steps[0]) - axis.room / 2;
    rows.forEach(({ loss }, k) => {
      const last = k === rows.length - 1;
      if (!last && (k % every || (rows.length - 1 - k) * tall < size + 2)) return;
      context.fillText(`L_${loss}`, left - 5, within((k + 0.5) * tall, size / 2, height - size / 2));
    });
    return canvas;
  }

  // Columns stand where the map's steps do; where only some steps have one, they reach half way.
  layout() {
    const { steps, page: { strips: { axis } } } = this;
    const ends = columnEnds(steps, axis);
    return { axis, ends };
  }

  at({ offsetX, offsetY }) {
    const { ends } = this.layout();
    const row = within(Math.floor(offsetY / (this.tall || 1)), 0, this.rows.length - 1);
    const column = this.steps.findIndex((_, i) => offsetX < ends(i)[1]);
    return { row, step: this.steps[column < 0 ? this.steps.length - 1 : column] };
  }

  said(row, step) {
    const { loss, codes } = this.rows[row];
    const code = codes[this.steps.indexOf(step)];
    return code === undefined ? `the loss at t = ${loss} comes before ${this.state}_${step}`
      : `the loss at t = ${loss} sends ${gradientText(code)} to ${this.state}_${step}`;
  }

  point(event) {
    const { row, step } = this.at(event);
    this.choose(row);
    this.page.sweep.goTo(step);
  }

  key(event) {
    const away = { ArrowUp: -1, ArrowDown: 1 }[event.key], aside = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.shiftKey || !(away || aside)) return;
    event.preventDefault();
    event.stopPropagation();
    if (away) this.choose(within((this.row ?? this.rows.length - 1) + away, 0, this.rows.length - 1));
    else this.page.sweep.goTo(this.page.sweep.step + aside);
  }

  // A row, and in the graph the loss that it belongs to.
  choose(row) {
    this.mark(row);
    const { drawing } = this.page;
    const loss = drawing.nodes.find(({ group, step }) => group.layer === "out" && step === this.rows[row].loss
      && group.role !== "constant");
    if (loss) this.page.choose({ node: loss });
  }

  // The row of a node that was chosen: a loss's, or that of the step at which an input was read.
  follow(node) {
    const mine = node && (node.group.layer === "out" || node.group.role === "input") && node.step !== null;
    const row = mine ? this.rows.findIndex(({ loss }) => loss === node.step) : -1;
    this.mark(row < 0 ? null : row);
  }

  // The row's numbers are drawn over the sum's bars as well.
  mark(row) {
    this.row = row;
    const bars = this.page.strips.bars.find(({ strip }) => (
      strip.state === this.state && (strip.layer ?? "") === (this.page.picture.triangle?.layer ?? "")));
    if (bars) {
      const one = row === null ? null : this.rows[row];
      bars.alone = one && {
        name: `the loss at t = ${one.loss} alone`,
        codes: bars.bars.map(({ step }) => one.codes[this.steps.indexOf(step)] ?? null),
      };
    }
    this.tell(this.page.sweep.step);
    this.page.redraw(true);
  }

  tell(step) {
    if (!this.rows.length || step === null || step === undefined) return;
    const row = this.row ?? this.rows.length - 1;
    const known = this.steps.reduce((a, b) => (Math.abs(b - step) < Math.abs(a - step) ? b : a));
    this.canvas.setAttribute("aria-valuenow", this.rows[row].loss);
    this.canvas.setAttribute("aria-valuetext", this.said(row, known));
  }
}

// Columns reach half way to the next, where only some steps have one.
function columnEnds(steps, axis) {
  const middles = steps.map(axis.middle);
  return (i) => [
    i ? (middles[i - 1] + middles[i]) / 2 : middles[0] - axis.room / 2,
    i < steps.length - 1 ? (middles[i] + middles[i + 1]) / 2 : middles[i] + axis.room / 2,
  ];
}
