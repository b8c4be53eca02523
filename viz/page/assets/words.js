// What a node, an edge and a sum are called, and what is told of each: in the words of a student.

// What the field calls an operation, where the code's name of it says less.
const CALLED = {
  sigmoid_gate: "sigmoid", tanh_gate: "tanh", affine_pair: "linear", affine: "linear",
  linear_pair: "linear", getitem: "a part taken", scatter: "a part put back", leaf: "given",
};

const calledOf = (op) => CALLED[op] ?? op.replaceAll("_", " ");

// y = tanh(a[columns]) is the tanh of a gate's own part of a.
const plainly = (text) => text.replaceAll("[columns]", "").replace(/^scatter\((.*)\)$/, "$1");

const counted = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;

function nodeName({ label, group, step }) {
  const name = (label || group.role).replaceAll("\n", " ");
  return step === null || group.numbered ? name : `${name} (t = ${step})`;
}

const edgeName = (edge) => `${nodeName(edge.source)} \u2192 ${nodeName(edge.target)}`;

function nodeText({ group, i, step }) {
  const op = calledOf(group.op);
  const lines = [group.name ? `${group.name}: ${op}` : op];
  const layer = ["before", "after", "out"].includes(group.layer) ? "" : group.layer;
  const where = [layer, step === null ? "" : `t = ${step}`, group.gate].filter(Boolean);
  if (where.length) lines.push(where.join(", "));
  if (group.dtype) lines.push(`shape (${(group.shape ?? []).join(", ")}), ${group.dtype}`);
  if (group.holds > 1) lines.push(`${group.holds} operations`);
  if (group.formula) lines.push(`y = ${plainly(group.formula)}`);
  (group.derivatives ?? []).forEach((text, slot) => lines.push(`to input ${slot}: ${plainly(text)}`));
  if (group.values) {
    const [low, mean, high] = group.numbers.values(i);
    lines.push(`value ${low} .. ${high}, mean ${mean}`);
  }
  lines.push(`gradient (sum): ${group.numbers.gradient(i)}`);
  return lines.join("\n");
}

function edgeText(edge) {
  const { group, i, slot } = edge;
  const said = {
    none: "no gradient flows here",
    cut: "truncated: the gradient stops here",
    unknown: "no gradient was recorded",
  }[group.flow];
  const lines = [`${edgeName(edge)}`];
  if (group.rail) lines.push(`${group.rail}, all uses in this step`);
  else if (slot >= 0) lines.push(`input ${slot}`);
  const factor = said ? "" : factorText(edge);
  if (factor) lines.push(factor);
  lines.push(said ?? `gradient sent back: ${group.numbers.gradient(i)}`);
  return lines.join("\n");
}

// What arrives from the loss's side, by what it is multiplied on its way through the operation, and
// what leaves: "arriving 0.18 \u00d7 slope 0.56 = leaving 0.10". Of norms, the factor is their ratio.
function factorText({ target, code, group }) {
  if (group.rail || code < FIRST || target.code < FIRST) return "";
  const ratio = 10 ** (logOf(code) - logOf(target.code));
  const called = ELEMENTWISE.has(target.group.op) ? "slope" : "factor";
  return `arriving ${gradientText(target.code)} \u00d7 ${called} ${numberText(ratio)}`
    + ` = leaving ${gradientText(code)}`;
}

const ELEMENTWISE = new Set(["tanh", "sigmoid", "tanh_gate", "sigmoid_gate", "relu", "exp", "log"]);

function sumText({ parameter }) {
  return `${parameter.name}: sum over time\nshape (${parameter.shape.join(", ")})\n`
    + `gradient (sum): ${parameter.numbers.gradient(0)}`;
}
