// What stands around the graph: strips for all steps, shares of a parameter, filter and legend.

class Strips {
  constructor(page) {
    this.page = page;
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
      return clickable(page, canvas, new Bars(canvas, bars, this.range, this.rivals(strip)));
    });
  }

  // Which bar is lit, to those who do not see it.
  tell(step) {
    for (const one of [...this.bars, this.page.shares.bars]) {
      const bar = one?.bars.find((each) => each.step === step);
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

class Shares {
  constructor(page) {
    this.page = page;
    $("parameter").addEventListener("change", () => this.show(this.shared[$("parameter").selectedIndex]));
    clickable(page, $("shares"), { at: (x) => this.bars.at(x) });
  }

  fill() {
    this.shared = this.page.picture.parameters.filter((one) => one.steps.length);
    const chosen = $("parameter").value;
    $("sharing").hidden = !this.shared.length;
    $("parameter").replaceChildren(...this.shared.map((one) => element("option", one.name)));
    if (this.shared.some((one) => one.name === chosen)) $("parameter").value = chosen;
    this.bars = null;
    if (this.shared.length) this.show(this.shared[$("parameter").selectedIndex]);
  }

  show(one) {
    const { page } = this;
    const { norm } = page.picture;
    $("parameter").selectedIndex = this.shared.indexOf(one);
    const bars = [...eachStep(one.steps)].map((step, i) => ({
      step, code: one.parts.code(norm, i), ready: page.drawing.passed(step),
    }));
    const size = ({ code }) => (code === NAN ? -Infinity : logOf(code));
    const most = bars.reduce((a, b) => (size(b) > size(a) ? b : a));
    const text = `${norm} of each step's own contribution; of their sum: `
      + gradientText(one.numbers.code(norm, 0))
      + `. Largest at t = ${most.step}: ${gradientText(most.code)}`;
    $("sharing-text").textContent = text;
    const told = { ...valuesOf(bars), "aria-label": `${one.name}: ${text}` };
    for (const [name, value] of Object.entries(told)) $("shares").setAttribute(name, value);
    this.bars = new Bars($("shares"), bars, rangeOf(page.scale, bars.map((bar) => bar.code)));
    page.redraw(true);
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

// Two sliders, on decimal logarithms.
class Filter {
  constructor(page) {
    this.page = page;
    const { middle, low, high } = page.scale;
    for (const id of ["low", "high"]) {
      $(id).min = Math.floor((middle + low) * 10) / 10;
      $(id).max = Math.ceil((middle + high) * 10) / 10;
      $(id).value = id === "low" ? $(id).min : $(id).max;
      $(id).addEventListener("input", () => this.read());
    }
    this.read();
  }

  read() {
    const value = (id, open, end) => {
      const any = $(id).value === $(id)[open];
      $(`${id}-text`).textContent = any ? "any" : powerText(Number($(id).value));
      return any ? end : Number($(id).value);
    };
    this.low = value("low", "min", -Infinity);
    this.high = value("high", "max", Infinity);
    this.page.redraw();
  }

  passes(code) {
    const log = logOf(code);
    return (log >= this.low && log <= this.high) || Number.isNaN(log);
  }
}

class Legend {
  constructor({ scale }) {
    for (let level = -scale.levels; level <= scale.levels; level++) {
      const share = (level / scale.levels + 1) / 2;
      const bar = element("i");
      bar.style.height = `${scale.thin + (scale.thick - scale.thin) * share + 4}px`;
      $("ramp").append(bar);
    }
    for (const decades of [scale.low, 0, scale.high]) {
      $("ends").append(element("span", powerText(scale.middle + decades)));
    }
    $("norm").textContent = `Edge: ${scale.norm} norm of what it sent back. Node: of their sum.`;
  }

  paint({ ramp }) {
    [...$("ramp").children].forEach((bar, i) => (bar.style.background = ramp[i]));
  }
}
