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
    const left = 44 * textScale(), room = (width - left - 8) / this.bars.length;
    return { left, room, place: (i) => left + room * (i + 0.5) };
  }

  // A frame of playing only copies what was painted before: all bars lit, and all of them dim.
  draw(look) {
    const { canvas, bars } = this;
    const density = globalThis.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width) return;
    const { left, room, place } = this.places(width);
    Object.assign(this, { left, room });
    const key = [width, height, density, left, room, look.theme.name, this.alone?.name].join(" ");
    if (key !== this.painted) {
      this.painted = key;
      this.lit = this.paint(look, { width, height, density, left, room, place, alpha: 1 });
      this.dim = this.paint(look, { width, height, density, left, room, place, alpha: 0.22 });
      canvas.width = this.lit.width;
      canvas.height = this.lit.height;
    }
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    const current = bars.findIndex(({ step }) => step === look.step), wide = Math.max(room, 2);
    if (current >= 0) {
      context.fillStyle = look.theme.parameter;
      context.fillRect((place(current) - wide / 2) * density, 2 * density, wide * density, (height - 18) * density);
    }
    context.drawImage(this.dim, 0, 0);
    const first = bars.findIndex(({ ready }) => ready <= look.position);
    const last = bars.findLastIndex(({ ready }) => ready <= look.position);
    if (first < 0) return; // what is lit is one stretch: the sweep goes through the steps in order
    const from = Math.max(0, Math.round((first ? place(first) - room / 2 : 0) * density));
    const to = last === bars.length - 1 ? canvas.width : Math.round((place(last) + room / 2) * density);
    context.clearRect(from, 0, to - from, canvas.height);
    if (current >= first && current <= last) {
      context.fillRect((place(current) - wide / 2) * density, 2 * density, wide * density, (height - 18) * density);
    }
    context.drawImage(this.lit, from, 0, to - from, canvas.height, from, 0, to - from, canvas.height);
  }

  // All bars, with their axis, on a canvas of their own.
  paint({ theme, scale }, { width, height: whole, density, left, room, place, alpha }) {
    const { bars, range } = this;
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(whole * density);
    const context = canvas.getContext("2d");
    context.scale(density, density);
    const small = 10 * textScale(), foot = whole - small - 6, top = 8;
    context.font = `${small}px ${FONT}`;
    this.scaleLines(context, { theme, scale, left, top, foot, right: place(bars.length - 1) + room / 2 });
    const every = tickDistance(bars.length, room);
    const height = (code) => (code === ZERO || code === NONE ? 1.5
      : 2 + scale.share(code, ...range) * (foot - top - 2));
    const wide = room < 4 ? room : Math.min(room * 0.82, 60);
    const sharp = (x) => Math.round(x * density) / density;
    bars.forEach(({ step, code }, i) => {
      const x = place(i), finite = !notFinite(code), tall = height(code);
      context.fillStyle = !finite ? theme.alarm
        : code === NONE ? theme.muted : theme.ramp[scale.level(code) + scale.levels];
      context.globalAlpha = alpha;
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
    this.lines(context, theme, { left, room, top, foot, place, height });
    return canvas;
  }

  // The other drawings' gradients, and what one loss alone sends, as lines over the bars.
  lines(context, theme, { left, room, top, foot, place, height }) {
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
