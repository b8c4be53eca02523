// The page's numbers: unpacking them (see viz/page/pack.py) and writing them down.
// Gradients are kept as codes of so many decimal digits, so that what is shown is what was computed.

function element(tag, text = "", attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text; // never markup: names come from anywhere
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

const NONE = 0, ZERO = 1, NAN = 2, INF = 3, FIRST = 4;
const FAR = 2 ** 29;
let least = 100; // 100 for three digits, 10 for two: the first of the 9 * least codes in a decade

function keepDigits(digits) {
  least = 10 ** (digits - 1);
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

// The power of ten and the digits that a code stands for.
function parts(code) {
  const decade = Math.floor((code - FIRST) / (9 * least));
  return [decade - 324, code - FIRST - 9 * least * decade + least];
}

// The decimal logarithm of a gradient's size.
function logOf(code) {
  if (code < FIRST) return [NaN, -Infinity, NaN, Infinity][code];
  const [decade, digits] = parts(code);
  return Math.log10(digits / least) + decade;
}

function gradientText(code) {
  if (code < FIRST) return ["none", "0", "NaN", "Inf"][code];
  const [decade, digits] = parts(code);
  return `${String(digits)[0]}.${String(digits).slice(1)}${exponent(decade)}`;
}

// A power of ten, in two digits.
function powerText(power) {
  if (!Number.isFinite(power)) return "";
  const [mantissa, rest] = (10 ** (power - Math.floor(power))).toExponential(1).split("e");
  return mantissa + exponent(Math.floor(power) + Number(rest));
}

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

  below(code) {
    return this.decades(code) < this.low;
  }

  level(code) {
    const place = this.decades(code);
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
