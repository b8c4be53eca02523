// A recurrent cell in plain JavaScript: forward through time, and backpropagation through time by hand.
//
// One step takes an input x_t and the state h_{t-1} (of an LSTM also c_{t-1}). For each gate there are
// rows in the stacked weights W (G*H, I) and U (G*H, H) and in the bias b (G*H,):
//
//   RNN   h = tanh(W x + U h' + b)
//   LSTM  i, f, o = sigmoid(..), g = tanh(..); c = f c' + i g; h = o tanh(c)        rows i, f, g, o
//   GRU   r, z = sigmoid(..); n = tanh(W x + U (r h') + b), or with the reset after the product
//         n = tanh(W x + b + r (U h' + b')); h = (1 - z) h' + z n                    rows r, z, n
//
// where ' marks the step before. Going back, each function below turns dL/dh_t (and dL/dc_t) into
// dL/dh_{t-1} (and dL/dc_{t-1}): the chain rule through the lines above, read from bottom to top.

const sigmoid = (a) => 1 / (1 + Math.exp(-a));

function norm(v) {
  let sum = 0, largest = 0;
  for (const x of v) {
    sum += x * x;
    if (Math.abs(x) > largest) largest = Math.abs(x);
  }
  if (!(sum < 1e-280) && Number.isFinite(sum)) return Math.sqrt(sum);
  if (!largest || !Number.isFinite(largest)) return Number.isNaN(sum) ? NaN : largest;
  let scaled = 0; // squares of tiny gradients, and of huge ones, are no numbers any more
  for (const x of v) scaled += (x / largest) ** 2;
  return largest * Math.sqrt(scaled);
}

// out += M v, for rows `from` to `from + count` of a matrix stored row by row.
function addProduct(out, M, v, from, count) {
  const width = v.length;
  for (let row = 0; row < count; row++) {
    let sum = 0;
    const start = (from + row) * width;
    for (let k = 0; k < width; k++) sum += M[start + k] * v[k];
    out[row] += sum;
  }
}

// out += M^T g, the same rows: how a product sends a gradient back.
function addTransposed(out, M, g, from, count) {
  const width = out.length;
  for (let row = 0; row < count; row++) {
    const start = (from + row) * width, share = g[row];
    for (let k = 0; k < width; k++) out[k] += M[start + k] * share;
  }
}

// W x + U h + b, for the rows of some gates.
function preactivation({ W, U, b, H }, x, h, gate, gates) {
  const a = b.slice(gate * H, (gate + gates) * H);
  addProduct(a, W, x, gate * H, gates * H);
  addProduct(a, U, h, gate * H, gates * H);
  return a;
}

// One step forward: the new state, and all that going back through the step needs.

const FORWARD = {
  RNN(cell, x, { h }) {
    return { h: preactivation(cell, x, h, 0, 1).map(Math.tanh) };
  },

  LSTM(cell, x, { h, c }) {
    const { H } = cell;
    const a = preactivation(cell, x, h, 0, 4);
    const i = a.slice(0, H).map(sigmoid), f = a.slice(H, 2 * H).map(sigmoid);
    const g = a.slice(2 * H, 3 * H).map(Math.tanh), o = a.slice(3 * H).map(sigmoid);
    const next = c.map((past, k) => f[k] * past + i[k] * g[k]);
    const tanhC = next.map(Math.tanh);
    return { h: o.map((open, k) => open * tanhC[k]), c: next, past: c, i, f, g, o, tanhC };
  },

  GRU(cell, x, { h }) {
    const { H, W, U, b } = cell;
    const a = preactivation(cell, x, h, 0, 2);
    const r = a.slice(0, H).map(sigmoid), z = a.slice(H).map(sigmoid);
    const after = cell.reset === "after";
    const product = after ? cell.bHidden.slice() : b.slice(2 * H); // what the reset gate lies on, or in
    const seen = after ? h : h.map((past, k) => r[k] * past);
    addProduct(product, U, seen, 2 * H, H);
    const inner = after ? b.slice(2 * H).map((bias, k) => bias + r[k] * product[k]) : product;
    addProduct(inner, W, x, 2 * H, H);
    const n = inner.map(Math.tanh);
    return { h: h.map((past, k) => (1 - z[k]) * past + z[k] * n[k]), past: h, r, z, n, product };
  },
};

// One step back. `along` is what goes by each way to the state before; they sum to its gradient.

const BACKWARD = {
  RNN({ U, H }, { h }, { dh }) {
    const da = dh.map((g, k) => g * (1 - h[k] * h[k]));
    const back = new Float64Array(H);
    addTransposed(back, U, da, 0, H);
    return { dh: back, along: { h: back } };
  },

  LSTM({ U, H }, { past, i, f, g, o, tanhC }, { dh, dc }) {
    const da = new Float64Array(4 * H), keep = new Float64Array(H);
    for (let k = 0; k < H; k++) {
      const total = dc[k] + dh[k] * o[k] * (1 - tanhC[k] * tanhC[k]); // h = o tanh(c) reaches c, too
      da[k] = total * g[k] * i[k] * (1 - i[k]);
      da[H + k] = total * past[k] * f[k] * (1 - f[k]);
      da[2 * H + k] = total * i[k] * (1 - g[k] * g[k]);
      da[3 * H + k] = dh[k] * tanhC[k] * o[k] * (1 - o[k]);
      keep[k] = total * f[k];
    }
    const back = new Float64Array(H);
    addTransposed(back, U, da, 0, 4 * H);
    return { dh: back, dc: keep, along: { c: keep, h: back } };
  },

  GRU({ U, H, reset }, { past, r, z, n, product }, { dh }) {
    const da = new Float64Array(3 * H), kept = new Float64Array(H);
    for (let k = 0; k < H; k++) {
      kept[k] = dh[k] * (1 - z[k]);
      da[H + k] = dh[k] * (n[k] - past[k]) * z[k] * (1 - z[k]);
      da[2 * H + k] = dh[k] * z[k] * (1 - n[k] * n[k]);
    }
    const dn = da.slice(2 * H), gates = new Float64Array(H);
    if (reset === "after") {
      for (let k = 0; k < H; k++) da[k] = dn[k] * product[k] * r[k] * (1 - r[k]);
      addTransposed(gates, U, dn.map((g, k) => g * r[k]), 2 * H, H);
    } else {
      const dseen = new Float64Array(H); // of r h', which U is multiplied by
      addTransposed(dseen, U, dn, 2 * H, H);
      for (let k = 0; k < H; k++) {
        da[k] = dseen[k] * past[k] * r[k] * (1 - r[k]);
        gates[k] = dseen[k] * r[k];
      }
    }
    addTransposed(gates, U, da, 0, 2 * H);
    return { dh: kept.map((g, k) => g + gates[k]), along: { "1 - z": kept, gates } };
  },
};

// All steps forward, from the state before the first.
function forwardThroughTime(cell, inputs) {
  const steps = [];
  let state = { h: cell.h0, c: cell.c0 };
  for (const x of inputs) steps.push((state = FORWARD[cell.kind](cell, x, state)));
  return steps;
}

// Back from a loss that reads h at step `from`, where dL/dh is `seed`. For each step up to there:
// |dL/dh_t|, of an LSTM |dL/dc_t|, and what each way to the step before carries.
function backThroughTime(cell, steps, from, seed) {
  const found = { h: [], c: [], along: [] };
  let gradient = { dh: seed, dc: new Float64Array(cell.H) };
  for (let t = from; t >= 0; t--) {
    found.h[t] = norm(gradient.dh);
    const step = steps[t];
    if (step.o) { // c is reached from the next c, and from this step's h
      found.c[t] = norm(gradient.dc.map((g, k) => g + gradient.dh[k] * step.o[k] * (1 - step.tanhC[k] ** 2)));
    }
    gradient = BACKWARD[cell.kind](cell, step, gradient);
    found.along[t] = Object.fromEntries(Object.entries(gradient.along).map(([way, g]) => [way, norm(g)]));
  }
  return found;
}

// The cell and its inputs with other settings: biases whose mean is what is asked for, U and the
// inputs times a factor, and so many steps (inputs come round again where there are not enough).
function changed(cell, inputs, { forgetBias, updateBias, gain = 1, scale = 1, T = inputs.length, reset = cell.reset }) {
  const { H } = cell, b = cell.b.slice();
  const shift = (gate, mean) => {
    if (mean === undefined) return;
    const away = mean - meanOf(cell.b.slice(gate * H, (gate + 1) * H));
    for (let k = gate * H; k < (gate + 1) * H; k++) b[k] += away;
  };
  if (cell.kind === "LSTM") shift(1, forgetBias);
  if (cell.kind === "GRU") shift(1, updateBias);
  const read = Array.from({ length: T }, (_, t) => inputs[t % inputs.length].map((x) => x * scale));
  return [{ ...cell, b, U: cell.U.map((u) => u * gain), reset }, read];
}

const meanOf = (v) => v.reduce((sum, x) => sum + x, 0) / v.length;
