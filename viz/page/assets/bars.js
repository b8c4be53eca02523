// Gradients through time as bars: logarithmic, and down to the smallest there is.

class Bars {
  // `bars`: [{ step, code, ready }], in order of time; a bar lights up once the sweep is past it.
  // `range` is its ends, in decades from the scale's reference; `others`, [{ name, codes }], are
  // drawn as lines for comparison. `axis` tells where each step stands; without it they fill the canvas.
  constructor(canvas, bars, range, others = [], axis = null) {
    Object.assign(this, { canvas, bars, range, others, axis });
  }

  // Where the first bar begins, how far they are apart, and where the middle of each is.
  places(width) {
    const given = this.axis?.();
    if (given) {
      const { room, middle } = given;
      return { left: middle(this.bars[0].step) - room / 2, room, place: (i) => middle(this.bars[i].step) };
    }
    const left = 44, room = (width - left - 8) / this.bars.length;
    return { left, room, place: (i) => left + room * (i + 0.5) };
  }

  draw({ theme, scale, position, step: current }) {
    const { canvas, bars, range } = this;
    const density = globalThis.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight } = canvas;
    if (!width) return;
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(clientHeight * density);
    const context = canvas.getContext("2d");
    context.scale(density, density);
    const small = 10 * textScale(), foot = clientHeight - small - 6, top = 8;
    const { left, room, place } = this.places(width);
    Object.assign(this, { left, room });
    context.font = `${small}px ${FONT}`;
    this.scaleLines(context, { theme, scale, left, top, foot, right: place(bars.length - 1) + room / 2 });
    const every = tickDistance(bars.length, room);
    const height = (code) => (code === ZERO || code === NONE ? 1.5
      : 2 + scale.share(code, ...range) * (foot - top - 2));
    const wide = room < 4 ? room : Math.min(room * 0.82, 60);
    const sharp = (x) => Math.round(x * density) / density;
    bars.forEach(({ step, code, ready }, i) => {
      const x = place(i);
      if (step === current) {
        context.fillStyle = theme.parameter;
        context.fillRect(x - Math.max(room, 2) / 2, top - 6, Math.max(room, 2), foot - top + 6);
      }
      const finite = !notFinite(code);
      const reached = ready <= position;
      const tall = height(code);
      context.fillStyle = !finite ? theme.alarm
        : code === NONE ? theme.muted : theme.ramp[scale.level(code) + scale.levels];
      context.globalAlpha = reached ? 1 : 0.22;
      const from = sharp(x - wide / 2);
      context.fillRect(from, foot - tall, Math.max(sharp(x + wide / 2) - from, 1 / density), tall);
      context.globalAlpha = 1;
      if (!finite) { // never by colour alone
        context.fillStyle = theme.background;
        if (room <= 16) context.fillRect(from, (top + foot) / 2 - 2, room + 1, 4);
      }
      if (!finite && room > 16) {
        context.textAlign = "center";
        context.textBaseline = "middle";
        context.fillText(gradientText(code), x, foot - 9);
      }
      const last = i === bars.length - 1;
      if (last || (i % every === 0 && (bars.length - 1 - i) * room > 24)) {
        context.fillStyle = theme.muted;
        context.textAlign = last && room < 24 ? "right" : "center";
        context.textBaseline = "top";
        context.fillText(String(step), last && room < 24 ? x + 4 : x, foot + 4);
      }
    });
    context.fillStyle = theme.text;
    context.lineJoin = "round";
    context.textAlign = "left";
    context.textBaseline = "bottom";
    [...this.others, ...(this.alone ? [this.alone] : [])].forEach(({ name, codes }, k) => {
      context.beginPath();
      codes.forEach((code, i) => code !== null && context.lineTo(place(i), foot - height(code)));
      context.lineWidth = 1;
      context.strokeStyle = theme.text;
      context.stroke();
      const at = [left + room / 2 + 48 * k, Math.max(top + 8, foot - height(codes[0]) - 2)];
      context.lineWidth = 3;
      context.strokeStyle = theme.background;
      context.strokeText(name, ...at);
      context.fillText(name, ...at);
    });
  }

  scaleLines(context, { theme, scale, left, top, foot, right }) {
    context.strokeStyle = theme.cluster_line;
    context.lineWidth = 1;
    context.fillStyle = theme.muted;
    context.textAlign = "right";
    context.textBaseline = "middle";
    const [low, high] = this.range;
    for (const decades of [low, 0, high]) {
      const at = foot - ((decades - low) / (high - low)) * (foot - top);
      if (decades && (Math.abs(decades) / (high - low)) * (foot - top) < 11 * textScale()) continue; // too near the reference
      context.beginPath();
      context.moveTo(left, Math.round(at) + 0.5);
      context.lineTo(right, Math.round(at) + 0.5);
      context.stroke();
      context.fillText(powerText(scale.middle + decades), left - 5, at);
    }
  }

  // The bar at a place on the canvas.
  at(x) {
    return this.bars[Math.max(0, Math.min(this.bars.length - 1,
      Math.floor((x - this.left) / this.room)))];
  }
}

// So many bars from one number below them to the next: 1, 2 or 5 times a power of ten.
function tickDistance(count, room) {
  const least = Math.max(count / 12, 36 * textScale() / room, 1);
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((times) => times * power).find((distance) => distance >= least);
}
