// The map below the graph: all steps on one time axis, the graph's own when it shows the whole.

class Strips {
  constructor(page) {
    this.page = page;
    this.triangle = new Triangle(page);
    // One range for the strips of all drawings, so that they can be compared.
    const codes = page.pictures.flatMap((one) => one.strips).flatMap((strip) => [...this.codes(strip)]);
    this.range = rangeOf(page.scale, codes);
  }

  codes({ steps, values: [number, start] }) {
    return this.page.series[number].subarray(start, start + countOf(steps));
  }

  fill() {
    const { page } = this;
    $("strips").replaceChildren();
    $("strips").classList.toggle("many", page.picture.strips.length > 2);
    this.bars = page.picture.strips.map((strip) => {
      const codes = this.codes(strip);
      const bars = [...eachStep(strip.steps)].map((step, i) => ({
        step, code: codes[i], ready: page.drawing.passed(step),
      }));
      const first = bars[0], last = bars.at(-1);
      const text = this.caption(strip, bars.length);
      const canvas = element("canvas", "", {
        role: "slider", tabindex: "0", ...valuesOf(bars),
        "aria-label": `${text}. ${gradientText(last.code)} at t = ${last.step}, `
          + `${gradientText(first.code)} at t = ${first.step}.`,
      });
      const part = element("div");
      part.append(element("h2", text), canvas);
      $("strips").append(part);
      const made = new Bars(canvas, bars, this.range, this.rivals(strip), () => this.axis);
      made.strip = strip;
      return clickable(page, canvas, made);
    });
    this.triangle.fill();
  }

  // The level of detail has changed, and with it when the backward pass is through with a step.
  refresh() {
    for (const { bars } of this.bars) {
      for (const bar of bars) bar.ready = this.page.drawing.passed(bar.step);
    }
  }

  // Where each step stands: in the graph, when the whole of it is shown.
  measure() {
    const { canvas, overview } = this.page;
    const { zoom, x } = canvas.whole(overview);
    const room = overview.distance * zoom;
    const middle = (step) => ((overview.columns.get(step)?.middle ?? 0) - x) * zoom;
    this.axis = { room, middle, zoom, x };
  }

  // What of all steps is in the graph's window.
  showWindow() {
    const { page, axis } = this;
    const { canvas, drawing, overview } = page;
    const left = canvas.timeAt(drawing, overview, canvas.x);
    const right = canvas.timeAt(drawing, overview, canvas.x + canvas.width / canvas.zoom);
    const at = (time) => within((time - axis.x) * axis.zoom, 0, canvas.width);
    const [from, to] = [at(left), at(right)];
    $("window").hidden = to - from > canvas.width - 8;
    $("window").style.left = `${from}px`;
    $("window").style.width = `${Math.max(to - from, 4)}px`;
  }

  // Which bar is lit, to those who do not see it.
  tell(step) {
    this.triangle.tell(step);
    for (const one of [...this.bars, ...this.page.shares.all]) {
      const bar = one.bars.find((each) => each.step === step);
      if (!bar) continue;
      one.canvas.setAttribute("aria-valuenow", step);
      one.canvas.setAttribute("aria-valuetext", `t = ${step}: ${gradientText(bar.code)}`);
    }
  }

  caption({ layer, state, said }, count) {
    const fitted = said ? `: ${said}` : "";
    return `${this.page.prefix()}gradient at ${layer ? `${layer}, ` : ""}${state}_t, `
      + `all ${count} steps${fitted}`;
  }

  // The same state in the other drawings, where they have as many steps.
  rivals({ state, layer, steps }) {
    const { pictures, picture } = this.page;
    return pictures.filter((one) => one !== picture).flatMap(({ name, strips }) => strips
      .filter((one) => one.state === state && one.layer === layer
        && countOf(one.steps) === countOf(steps))
      .map((one) => ({ name, codes: this.codes(one) })));
  }
}

const valuesOf = (bars) => {
  const last = bars.at(-1);
  return { "aria-valuemin": bars[0].step, "aria-valuemax": last.step, "aria-valuenow": last.step,
    "aria-valuetext": `t = ${last.step}: ${gradientText(last.code)}` };
};

// Bars lead to their step, and tell their number; the arrow keys go from one to the next.
function clickable(page, canvas, bars) {
  canvas.addEventListener("pointerdown", (event) => page.sweep.goTo(bars.at(event.offsetX).step));
  canvas.addEventListener("pointermove", (event) => {
    const { step, code } = bars.at(event.offsetX);
    canvas.title = `t = ${step}: ${gradientText(code)}`;
    if (event.buttons) page.sweep.goTo(step);
  });
  canvas.addEventListener("keydown", (event) => {
    const away = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (!away || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    page.sweep.goTo(Number(canvas.getAttribute("aria-valuenow")) + away);
  });
  return bars;
}

// What holds the scale and all of these gradients, in whole decades from the scale's reference.
function rangeOf(scale, codes) {
  const found = codes.map((code) => scale.decades(code)).filter(Number.isFinite);
  return found.reduce(([low, high], decades) => (
    [Math.min(low, Math.floor(decades)), Math.max(high, Math.ceil(decades))]), [scale.low, scale.high]);
}

