// The page's numbers: unpacking them (see viz/page/series.py) and writing them down.
// Gradients are kept as codes of the digits that are shown, so that what is shown is what was computed.

function element(tag, text = "", attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text; // never markup: names come from anywhere
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// How much larger than usual the page's text is, on a large screen.
const textScale = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 14;

const NONE = 0, ZERO = 1, NAN = 2, INF = 3, FIRST = 4;
const FAR = 2 ** 29;
const LEAST_POWER = -324;
const INTEGERS = FIRST + 900 * (2 - LEAST_POWER); // the code of 100: up to 9999 all digits are kept
let fine = true; // else there are 90 codes for a power of ten, not 900

function keepFine(yes) {
  fine = yes;
}

// All series of the pool. `specs` holds [length, differenced] in the order of the bytes, `order`
// the number of the series that each of them is.
function unpool(bytes, specs, order) {
  const total = bytes.length / 4;
  const series = [];
  let at = 0;
  specs.forEach(([length, differenced], k) => {
    const numbers = new Int32Array(length);
    let last = 0;
    for (let i = 0; i < length; i++, at++) {
      const folded = bytes[at] + 256 * bytes[total + at] + 65536 * bytes[2 * total + at]
        + 16777216 * bytes[3 * total + at];
      const number = folded % 2 ? -(folded + 1) / 2 : folded / 2;
      numbers[i] = last + number;
      if (differenced) last = numbers[i];
    }
    series[order[k]] = numbers;
  });
  return series;
}

const notFinite = (code) => code === NAN || code === INF;

// What a code stands for: a mantissa of two digits, the tenth of its width that the value lies in,
// and the power of ten; or a whole number.
function parts(code) {
  if (!fine) {
    const place = code - FIRST;
    return { mantissa: 10 + (place % 90), tenth: 4.5, power: Math.floor(place / 90) + LEAST_POWER };
  }
  if (code >= INTEGERS && code < INTEGERS + 9900) return { whole: code - INTEGERS + 100 };
  const place = code - FIRST - (code >= INTEGERS ? 8100 : 0);
  const rest = place % 900;
  return { mantissa: 10 + Math.floor(rest / 10), tenth: rest % 10, power: Math.floor(place / 900) + LEAST_POWER };
}

// The decimal logarithm of a gradient's size.
function logOf(code) {
  if (code < FIRST) return [NaN, -Infinity, NaN, Infinity][code];
  const { whole, mantissa, tenth, power } = parts(code);
  return whole ? Math.log10(whole) : Math.log10((mantissa - 0.45 + tenth / 10) / 10) + power;
}

function gradientText(code) {
  if (code < FIRST) return ["none", "0", "NaN", "Inf"][code];
  const { whole, mantissa, power } = parts(code);
  return whole ? String(whole) : digitsText(mantissa, power);
}

// Two digits, with an exponent only outside 0.001 .. 9999, as viz.style.number writes them.
function digitsText(mantissa, power) {
  const digits = String(mantissa);
  if (power < -3 || power > 3) return `${digits[0]}.${digits[1]}${exponent(power)}`;
  if (power < 0) return `0.${"0".repeat(-1 - power)}${digits}`;
  return power === 0 ? `${digits[0]}.${digits[1]}` : digits + "0".repeat(power - 1);
}

// The code of a size that the page has computed itself.
function codeOf(value) {
  if (Number.isNaN(value)) return NAN;
  if (!Number.isFinite(value)) return INF;
  if (value === 0) return ZERO;
  if (fine && value >= 99.5 && value < 9999.5) return INTEGERS + Math.round(value) - 100;
  const [digits, power] = value.toExponential(1).split("e").map(Number); // rounded, so of 9.96 it is 1.0e1
  const mantissa = Math.round(10 * digits);
  if (!fine) return FIRST + 90 * (power - LEAST_POWER) + mantissa - 10;
  const [leading, exponent] = value.toExponential(11).split("e").map(Number);
  const exact = leading * (exponent === power ? 10 : 1);
  const tenth = within(Math.floor(10 * (exact - mantissa + 0.5)), 0, 9);
  return FIRST + 900 * (power - LEAST_POWER) + 10 * (mantissa - 10) + tenth + (power > 3 ? 8100 : 0);
}

// Any number in this form.
function numberText(value) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "Inf" : "-Inf";
  if (value === 0) return "0";
  const size = Math.abs(value), sign = value < 0 ? "-" : "";
  if (size >= 99.5 && size < 9999.5) return sign + size.toFixed(0);
  const [digits, power] = size.toExponential(1).split("e");
  return sign + digitsText(Math.round(10 * Number(digits)), Number(power));
}

// A power of ten, in two digits.
const powerText = (power) => (Number.isFinite(power) ? numberText(10 ** power) : "");

function exponent(power) {
  return `e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

// A value kept in fixed decimals, with exactly the digits that are known.
function valueText(code, decimals) {
  if (code >= FAR) return ["NaN", "Inf", "-Inf"][code - FAR];
  const sign = code < 0 ? "-" : "";
  const digits = String(Math.abs(code));
  if (code === 0) return "0";
  if (decimals >= 0 && decimals <= 6) {
    const padded = digits.padStart(decimals + 1, "0");
    const whole = padded.slice(0, padded.length - decimals);
    return sign + whole + (decimals ? `.${padded.slice(-decimals)}` : "");
  }
  const rest = digits.length > 1 ? `.${digits.slice(1)}` : "";
  return `${sign}${digits[0]}${rest}${exponent(digits.length - 1 - decimals)}`;
}

// Runs of steps: [first, last], ...

function* eachStep(ranges) {
  for (const [first, last] of ranges) for (let step = first; step <= last; step++) yield step;
}

const countOf = (ranges) => ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
const lastOf = (ranges) => ranges.at(-1)?.[1] ?? null;

// How a gradient's size becomes a colour level and a width; viz/style.py says why.
class Scale {
  constructor({ reference, low, high, norm, levels, thin, thick }) {
    Object.assign(this, { reference, low, high, norm, levels, thin, thick });
    this.middle = Math.log10(reference);
  }

  decades(code) {
    return logOf(code) - this.middle;
  }

  size(code) {
    return 10 ** logOf(code);
  }

  shown(code) {
    return gradientText(code);
  }

  // A size as text: by itself, and by way of its code.
  text(value) {
    return [numberText(value), gradientText(codeOf(value))];
  }

  below(code) {
    return this.decades(code) < this.low;
  }

  level(code) {
    return this.levelAt(this.decades(code));
  }

  // The colour level so many decades above the reference.
  levelAt(place) {
    if (!Number.isFinite(place)) return place < 0 ? -this.levels : this.levels;
    const share = place < 0 ? -place / this.low : place / this.high;
    return Math.round(Math.max(-1, Math.min(1, share)) * this.levels);
  }

  // From 0 at the scale's lower end (or another) to 1 at its upper one.
  share(code, low = this.low, high = this.high) {
    const place = this.decades(code);
    if (Number.isNaN(place)) return 1;
    return Math.max(0, Math.min(1, (place - low) / (high - low)));
  }

  width(code) {
    return this.thin + (this.thick - this.thin) * this.share(code);
  }
}
