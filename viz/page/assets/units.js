// Units of the last layer by time: the gradient at each, its gates, and what is multiplied along the
// state. A row is a unit; columns stand on the map's time axis.

class Units {
  constructor(page) {
    this.page = page;
    this.canvas = $("units-map");
    $("units").addEventListener("toggle", () => this.page.redraw(true));
    $("units-of").addEventListener("change", () => this.page.redraw(true));
    this.canvas.addEventListener("pointerdown", (event) => page.sweep.goTo(this.at(event).step));
    this.canvas.addEventListener("pointermove", (event) => {
      const { unit, column } = this.at(event);
      this.canvas.title = this.said(unit, column);
    });
    this.canvas.addEventListener("keydown", (event) => {
      const away = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!away || event.shiftKey) return;
      event.preventDefault();
      event.stopPropagation();
      page.sweep.goTo(page.sweep.step + away);
    });
  }

  fill() {
    const { units } = this.page.picture;
    const chosen = $("units-of").value;
    $("units").hidden = !units;
    this.data = units ?? null;
    if (!units) return;
    const { series } = this.page;
    const count = units.units * units.steps.length;
    const view = ([number, start]) => series[number].subarray(start, start + count);
    this.gradients = view(units.values);
    this.gates = Object.fromEntries(Object.entries(units.gates ?? {}).map(([name, place]) => [name, view(place)]));
    this.kept = units.kept ? view(units.kept) : null;
    const what = [`|dL/d${units.state}_t| of each unit`, ...Object.keys(this.gates)];
    if (this.kept) what.push(KEPT);
    $("units-of").replaceChildren(...what.map((name) => element("option", name)));
    if (what.includes(chosen)) $("units-of").value = chosen;
  }

  // By what the state of a unit is multiplied from one column to another.
  product(unit, from, to) {
    const row = unit * this.data.steps.length;
    return 10 ** ((this.kept[row + to] - this.kept[row + from]) / 100);
  }

  // The number that is shown in a cell, and its colour.
  cell(unit, column, { theme, scale }) {
    const i = unit * this.data.steps.length + column, what = $("units-of").value;
    const last = this.data.steps.length - 1;
    if (what === KEPT || what in this.gates) {
      const share = what === KEPT ? this.product(unit, column, last) : this.gates[what][i] / 100;
      const level = Math.round(within(1 + Math.log10(Math.max(share, 1e-9)) / (what === KEPT ? 6 : 2), 0, 1) * scale.levels);
      return { text: numberText(share), colour: theme.ramp[level] }; // grey: 1; blue: near 0
    }
    const code = this.gradients[i];
    return { text: gradientText(code), colour: notFinite(code) ? theme.alarm
      : code === ZERO ? theme.background : theme.ramp[scale.level(code) + scale.levels] };
  }

  draw(look) {
    if (!this.data || !$("units").open) return;
    const { units, steps } = this.data;
    const { context, width, height } = cleared(this.canvas, look.theme);
    if (!width) return;
    const ends = this.ends(), tall = height / units;
    for (let column = 0; column < steps.length; column++) {
      const [left, right] = ends(column);
      for (let unit = 0; unit < units; unit++) {
        context.fillStyle = this.cell(unit, column, look).colour;
        context.fillRect(left, unit * tall, right - left + 0.5, tall + 0.5);
      }
      if (steps[column] === look.step) {
        context.strokeStyle = look.theme.text;
        context.strokeRect(left, 0.5, Math.max(right - left, 1), height - 1);
      }
    }
    const size = 10 * textScale(), every = Math.ceil((size + 2) / tall);
    context.font = `${size}px ${FONT}`;
    context.fillStyle = look.theme.muted;
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (let unit = 0; unit < units; unit += every) {
      const y = within((unit + 0.5) * tall, size / 2, height - size / 2);
      context.fillText(unit ? String(unit) : "unit 0", ends(0)[0] - 5, y);
    }
    this.canvas.setAttribute("aria-label", `${$("units-of").value}: ${units} units by ${steps.length} steps`);
  }

  ends() {
    return columnEnds(this.data.steps, this.page.strips.axis);
  }

  at({ offsetX, offsetY }) {
    const { units, steps } = this.data, ends = this.ends();
    const unit = within(Math.floor((offsetY / this.canvas.clientHeight) * units), 0, units - 1);
    const found = steps.findIndex((_, i) => offsetX < ends(i)[1]);
    const column = found < 0 ? steps.length - 1 : found;
    return { unit, column, step: steps[column] };
  }

  said(unit, column) {
    const { steps } = this.data, last = steps.length - 1;
    const lines = [`unit ${unit}, t = ${steps[column]}`,
      `${$("units-of").value}: ${this.cell(unit, column, this.page.look()).text}`];
    if (this.kept) {
      const to = this.data.steps.indexOf(this.page.sweep.step);
      const other = to > column ? to : last;
      lines.push(`the state is multiplied by ${numberText(this.product(unit, column, other))} from `
        + `t = ${steps[column]} to t = ${steps[other]}`);
    }
    return lines.join("\n");
  }
}

const KEPT = "what is kept of it to the last step";
