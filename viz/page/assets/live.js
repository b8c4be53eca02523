// The live cell: its settings are dragged, and it is computed anew, forward and back, in every frame.
// The mathematics is in cell.js; here are the sliders and the pictures.

const BUDGET = 7; // milliseconds that the rows of the triangle may take in a frame
const FEWEST_ROWS = 6;
const DECADES = 12; // below the scale's reference, where the bars end
const REST = 250; // milliseconds after which, when nothing is dragged, all rows are computed

class Live {
  constructor(page) {
    this.page = page;
    $("live").addEventListener("toggle", () => this.redraw());
    $("live-again").addEventListener("click", () => this.fill());
    for (const slider of this.sliders()) slider.addEventListener("input", () => this.redraw());
    $("live-reset").addEventListener("change", () => this.redraw());
  }

  sliders() {
    return [...$("live").querySelectorAll("input")];
  }

  // The cell as it was recorded, of the first sequence of the batch.
  fill() {
    const { live, has_flow: flows, strips } = this.page.picture;
    $("live").hidden = !live;
    $("no-live").hidden = Boolean(live) || !flows || !strips.length;
    this.cell = null;
    if (!live) return;
    const { kind, reset, units: H, features: I, steps } = live;
    const numbers = new Float32Array(bytesOf(live.numbers)), gates = { RNN: 1, LSTM: 4, GRU: 3 }[kind];
    let at = 0;
    const take = (count) => Float64Array.from(numbers.subarray(at, (at += count)));
    this.cell = { kind, reset, H, W: take(gates * H * I), U: take(gates * H * H), b: take(gates * H), bHidden: take(H) };
    this.cell.h0 = take(H);
    this.cell.c0 = kind === "LSTM" ? take(H) : null;
    this.seed = take(H);
    this.inputs = Array.from({ length: steps }, () => take(I));
    const gate = meanOf(this.cell.b.slice(H, 2 * H));
    const start = { forget: gate, update: gate, gain: 0, scale: 0, steps, loss: steps - 1 };
    for (const [name, value] of Object.entries(start)) $(`live-${name}`).value = value;
    $("live-loss").max = $("live-steps").value - 1;
    $("live-reset").value = reset || "before";
    $("live-forget").parentElement.hidden = kind !== "LSTM";
    for (const id of ["live-update", "live-reset"]) $(id).parentElement.hidden = kind !== "GRU";
    this.redraw();
  }

  settings() {
    const value = (name) => Number($(`live-${name}`).value);
    const T = value("steps");
    $("live-loss").max = T - 1;
    const { cell } = this;
    return {
      forgetBias: cell.kind === "LSTM" ? value("forget") : undefined,
      updateBias: cell.kind === "GRU" ? value("update") : undefined,
      gain: 2 ** value("gain"), scale: 2 ** value("scale"), T,
      loss: Math.min(value("loss"), T - 1), reset: $("live-reset").value,
    };
  }

  redraw() {
    if (!this.cell || !$("live").open || this.waiting) return;
    this.waiting = true;
    clearTimeout(this.resting);
    requestAnimationFrame(() => {
      this.waiting = false;
      this.frame(this.affordable());
      this.resting = setTimeout(() => this.frame(Infinity), REST);
    });
  }

  frame(rows) {
    const settings = this.settings();
    this.result = this.compute(settings, rows);
    this.tell(settings);
    this.draw(settings);
  }

  // As many rows as there is time for, from how long the last ones took.
  affordable() {
    return Math.max(FEWEST_ROWS, Math.floor(BUDGET / (this.perRow ?? 0.5)));
  }

  // One loss's way back, and the rows of the triangle, of losses spread over all steps.
  compute(settings, most) {
    const { T, loss } = settings;
    const [cell, inputs] = changed(this.cell, this.inputs, settings);
    const steps = forwardThroughTime(cell, inputs);
    const back = backThroughTime(cell, steps, loss, this.seed);
    const count = Math.max(2, Math.min(T, most)), before = performance.now();
    const rows = Array.from({ length: count }, (_, k) => {
      const at = Math.round((k * (T - 1)) / (count - 1));
      return { loss: at, sizes: backThroughTime(cell, steps, at, this.seed).h };
    });
    this.perRow = (performance.now() - before) / count;
    return { back, rows };
  }

  tell(settings) {
    const { loss, gain, scale, T } = settings, { back } = this.result;
    const show = (name, text) => ($(`live-${name}-text`).textContent = text);
    show("forget", numberText(settings.forgetBias ?? 0));
    show("update", numberText(settings.updateBias ?? 0));
    show("gain", `\u00d7 ${numberText(gain)}`);
    show("scale", `\u00d7 ${numberText(scale)}`);
    show("steps", T);
    show("loss", `t = ${loss}`);
    $("live-said").textContent = headlineOf(back, loss);
  }

  draw({ T, loss }) {
    const { theme, scale } = this.page;
    const { back, rows } = this.result;
    const { context, width, height } = cleared($("live-picture"), theme);
    const size = 10 * textScale(), left = 58, room = (width - left - 12) / T;
    const look = { theme, scale };
    const ways = Object.keys(back.along[0] ?? {});
    const tracks = [...["c", "h"].filter((part) => back[part].length)];
    const top = size + 8, tall = Math.min(44, (height * 0.34) / tracks.length);
    context.font = `${size}px ${FONT}`;
    context.textBaseline = "middle";
    const colour = (value) => colourOf(value, look);
    tracks.forEach((part, row) => { // states, and between them what goes to the step before
      const y = top + row * (tall + 16);
      context.fillStyle = theme.text;
      context.textAlign = "right";
      context.fillText(`${part}_t`, left - 8, y + tall / 2);
      back[part].forEach((value, t) => {
        const x = left + room * t, wide = Math.max(room * 0.5, 1);
        const share = value > 0 ? within(1 + (Math.log10(value) - scale.middle) / DECADES, 0, 1) : 0;
        const high = Number.isFinite(value) ? 2 + (tall - 2) * share : tall;
        context.fillStyle = colour(value);
        context.fillRect(x + (room - wide) / 2, y + tall - high, wide, high);
        const mine = tracks.length > 1 ? [part] : ways;
        if (t > 0) mine.forEach((way, k) => this.ribbon(context, back.along[t][way], look, {
          x: x - (room - wide) / 2, y: y + tall - 3 - 7 * k, wide: room - wide,
        }));
      });
    });
    const below = top + tracks.length * (tall + 16) + size;
    this.drawRows(context, rows, look, { left, room, top: below, height: height - below - 4 });
    const every = tickDistance(T, room);
    context.fillStyle = theme.muted;
    context.textAlign = "center";
    for (let t = 0; t < T; t += every) context.fillText(t ? String(t) : "t = 0", left + room * (t + 0.5), size / 2 + 1);
    context.fillStyle = theme.text;
    context.fillText("\u25bc", left + room * (loss + 0.5), top - 5);
  }

  ribbon(context, value, { scale, theme }, { x, y, wide }) {
    const code = codeOf(value);
    const width = code < FIRST ? 1 : scale.width(code);
    context.fillStyle = colourOf(value, { scale, theme });
    context.fillRect(x, y - width / 2, Math.max(wide, 1), width);
  }

  drawRows(context, rows, look, { left, room, top, height }) {
    const { theme, scale } = look;
    const tall = height / rows.length;
    const size = 10 * textScale(), every = Math.ceil((size + 2) / tall);
    rows.forEach(({ loss, sizes }, k) => {
      sizes.forEach((value, t) => {
        const below = scale.low - (Math.log10(value) - scale.middle); // paler, the further below the scale
        context.globalAlpha = below > 0 ? Math.max(0.12, 1 - below / 6) : 1;
        context.fillStyle = colourOf(value, look);
        context.fillRect(left + room * t, top + k * tall, room + 0.5, tall + 0.5);
      });
      context.globalAlpha = 1;
      if (k % every) return;
      context.fillStyle = theme.muted;
      context.textAlign = "right";
      context.fillText(`L_${loss}`, left - 6, top + (k + 0.5) * tall);
    });
  }
}

function cleared(canvas, theme) {
  const density = globalThis.devicePixelRatio || 1, { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = Math.round(width * density);
  canvas.height = Math.round(height * density);
  const context = canvas.getContext("2d");
  context.scale(density, density);
  context.fillStyle = theme.background;
  context.fillRect(0, 0, width, height);
  return { context, width, height };
}

function colourOf(value, { theme, scale }) {
  if (!Number.isFinite(value)) return theme.alarm;
  return value ? theme.ramp[scale.levelAt(Math.log10(value) - scale.middle) + scale.levels] : theme.muted;
}

// What is left of the gradient at the first step, along the part of the state that keeps most.
function headlineOf({ h, c }, loss) {
  if (!loss) return "The loss is read at the first step: there is no way back.";
  const along = c.length && c[0] / c[loss] > h[0] / h[loss] ? "c" : "h", norms = along === "c" ? c : h;
  const share = norms[0] / norms[loss], where = c.length ? ` along ${along}` : "";
  if (!norms.every(Number.isFinite)) return "The gradient is not finite any more on its way back.";
  if (!(norms[0] > 0)) return `Nothing of the gradient at t = ${loss} reaches t = 0.`;
  const rate = numberText(share ** (1 / loss));
  if (share > 1) return `The gradient at t = 0${where} is ${numberText(share)} times that at t = ${loss}: times ${rate} a step on average.`;
  return `${percentText(100 * share)} % of the gradient at t = ${loss} reaches t = 0${where}: times ${rate} a step on average.`;
}

// A percentage written out as far as anybody can read it.
const percentText = (value) => (value >= 10 || value < 1e-9 ? numberText(value)
  : value.toFixed(1 - Math.floor(Math.log10(value))));
