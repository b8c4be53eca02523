// What stands beside the graph: shares of a parameter, filter and legend.

// What is wrong with the way the gradient takes: the worst in one line, all of it on demand.
class Findings {
  constructor(page) {
    this.page = page;
  }

  fill() {
    const { findings = [] } = this.page.picture;
    $("findings").hidden = !findings.length;
    $("findings").open = false;
    if (!findings.length) return;
    const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : "";
    $("finding").textContent = `${findings[0].cause}${more}: ${findings[0].text}`;
    $("all-findings").replaceChildren(...findings.map(({ cause, text, remedy, step }) => {
      const item = element("li", `${cause}: ${text} Try first: ${remedy} `);
      if (Number.isInteger(step)) {
        const button = element("button", `t = ${step}`, { type: "button" });
        button.addEventListener("click", () => this.page.sweep.goTo(step));
        item.append(button);
      }
      return item;
    }));
  }
}

// Each parameter's gradient is a sum over time: the steps' parts as bars, and what they add up to so far.
class Shares {
  constructor(page) {
    this.page = page;
    this.all = [];
  }

  fill() {
    const { page } = this;
    const { norm } = page.picture;
    const shared = page.picture.parameters.filter((one) => one.steps.length);
    $("sharing").hidden = !shared.length;
    this.all = shared.map((one) => {
      const bars = [...eachStep(one.steps)].map((step, i) => ({
        step, code: one.parts.code(norm, i), ready: page.drawing.passed(step),
      }));
      const canvas = element("canvas", "", { role: "slider", tabindex: "0", ...valuesOf(bars) });
      const size = ({ code }) => (code === NAN ? -Infinity : logOf(code));
      const most = bars.reduce((a, b) => (size(b) > size(a) ? b : a));
      const total = gradientText(one.numbers.code(norm, 0));
      const text = `${one.name}: ${norm} of each step's own contribution; of their sum: ${total}. `
        + `Largest at t = ${most.step}: ${gradientText(most.code)}`;
      canvas.setAttribute("aria-label", text);
      const head = element("h3", one.name), sum = element("output");
      head.append(sum);
      const part = element("div");
      part.append(head, canvas);
      const range = rangeOf(page.scale, bars.map((bar) => bar.code));
      const made = clickable(page, canvas, new Bars(canvas, bars, range));
      Object.assign(made, { one, sum, part, total });
      return made;
    });
    $("shares").replaceChildren(...this.all.map(({ part }) => part));
  }

  refresh() {
    for (const { bars } of this.all) for (const bar of bars) bar.ready = this.page.drawing.passed(bar.step);
  }

  draw(look) {
    for (const made of this.all) {
      made.sum.textContent = this.soFar(made, look.position);
      made.draw(look);
    }
  }

  // The sum of what the backward pass has brought, or of how many steps.
  soFar({ bars, one, total }, position) {
    const reached = ({ ready }) => ready <= position;
    const first = bars.findIndex(reached), last = bars.findLastIndex(reached);
    if (first < 0) return "0 so far";
    const count = last - first + 1; // one stretch: the sweep goes through the steps in order
    if (count === bars.length) return `\u03a3 ${total}`;
    const newest = bars[first].ready > bars[last].ready ? first : last;
    if (!one.sums) return `${count} of ${bars.length} steps`;
    const [number, start] = one.sums.values;
    return `${gradientText(this.page.series[number][start + newest])} so far, of ${total}`;
  }

  // Bring a parameter into view.
  show(parameter) {
    const made = this.all.find(({ one }) => one === parameter);
    for (const { part } of this.all) part.classList.toggle("chosen", part === made?.part);
    made?.part.scrollIntoView({ block: "nearest" });
  }
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
