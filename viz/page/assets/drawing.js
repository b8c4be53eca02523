// One drawing at one level of detail: its nodes and edges, unfolded from their groups.

// How a group's members see their own numbers: places in the pool's series.
class Numbers {
  constructor(series, group, norms) {
    const view = ([number, offset]) => (i) => series[number][offset + i];
    this.norms = group.gradient ? norms : [];
    this.norms.forEach((norm, k) => (this[norm] = view(group.gradient[k])));
    if (group.values) {
      const columns = group.values.places.map(view);
      this.values = (i) => columns.map((column) => valueText(column(i), group.values.decimals));
    }
    if (group.order) this.order = view(group.order);
    const [prefix, place] = group.ids ?? [];
    this.id = Array.isArray(place) ? (i) => prefix + view(place)(i) : (i) => group.ids[i];
  }

  // The code of a norm of member i's gradient.
  code(norm, i) {
    return this[norm] ? this[norm](i) : NONE;
  }

  gradient(i) {
    if (this.code(this.norms[0], i) === NONE) return "none";
    return this.norms.map((norm) => `${norm} ${gradientText(this[norm](i))}`).join(", ");
  }
}

class Drawing {
  constructor(level, data, series, norms, { norm, parameters }) {
    Object.assign(this, { level, data, series, norms, norm });
    this.left = {}; // layer -> step -> x
    for (const { layer = "", steps, x: [number, offset] } of data.origins) {
      const shifts = (this.left[layer] = new Map());
      let i = offset;
      for (const step of eachStep(steps)) shifts.set(step, series[number][i++] / 10);
    }
    this.columns = new Map();
    this.frames = this.unfold(data.frames, this.frame);
    this.nodes = this.unfold(data.nodes, this.node);
    this.edges = this.unfold(data.edges, this.edge);
    this.swept = this.edges.filter((edge) => edge.order >= 0).sort((a, b) => a.order - b.order);
    this.swept.forEach((edge, i) => (edge.order = i));
    for (const edge of this.swept) {
      edge.source.ready = Math.max(edge.source.ready, edge.order + 1);
      if (edge.via) edge.via.ready = Math.max(edge.via.ready, edge.order + 1);
    }
    for (const column of this.columns.values()) {
      this.fillCells(column.nodes);
      column.middle = middleOf(column);
    }
    this.sums = level === "step" ? [] : parameters.map((one) => this.sum(one));
    this.bounds = this.extent();
    this.states = this.throughTime();
    this.distance = Number.isFinite(this.pitch) ? this.pitch : this.bounds.right - this.bounds.left;
  }

  // Where whole cells are drawn, gradients pass unseen from a cell to its states, and from a state to
  // those made after it, as from an LSTM's c to its h.
  fillCells(nodes) {
    for (const cell of nodes.filter((node) => node.group.role === "cell")) {
      const states = nodes.filter(({ group: { role, layer } }) => role === "state" && layer === cell.group.layer);
      states.forEach((state, i) => (state.inner = states.slice(i + 1)));
      cell.inner = states;
      for (const node of [...states.reverse(), cell]) {
        node.ready = Math.max(node.ready, ...node.inner.map((state) => state.ready));
      }
    }
  }

  // Each state through time, from the top down, and how far the steps are apart.
  throughTime() {
    const steps = [...this.columns.values()].filter(({ key }) => typeof key === "number");
    const middles = steps.map((column) => column.middle).sort((a, b) => a - b);
    this.pitch = middles.length > 1 ? (middles.at(-1) - middles[0]) / (middles.length - 1) : Infinity;
    const states = new Map();
    for (const node of this.nodes) {
      const { role, layer = "", label } = node.group;
      if (role !== "state" || node.step === null) continue;
      const key = `${layer ? `${layer}, ` : ""}${label}`;
      if (!states.has(key)) states.set(key, { name: `${key}t`, y: node.y, at: new Map() });
      states.get(key).at.set(node.step, node);
      states.get(key).broken ||= notFinite(node.code);
    }
    return [...states.values()].sort((a, b) => a.y - b.y);
  }

  unfold(groups, make) {
    const found = [];
    groups.forEach((group, number) => {
      group.byStep = new Map();
      group.numbers = new Numbers(this.series, group, this.norms);
      const steps = group.steps ? [...eachStep(group.steps)] : [null];
      steps.forEach((step, i) => {
        const member = make.call(this, group, i, step, this.shift(group, step));
        group.byStep.set(step, member);
        found.push(member);
      });
    });
    return found;
  }

  shift(group, step) {
    if (step === null) return 0;
    const end = group.target?.[1] === null ? group.source : group.target;
    const home = end ? this.data.nodes[end[0]] : group;
    return this.left[home.layer ?? ""]?.get(step) ?? 0;
  }

  // What is drawn together: all layers of one step, or what stands before or after all steps.
  column(key, left, right) {
    let column = this.columns.get(key);
    if (!column) {
      column = { key, left, right, frames: [], nodes: [], edges: [] };
      this.columns.set(key, column);
    }
    column.left = Math.min(column.left, left);
    column.right = Math.max(column.right, right);
    return column;
  }

  // In the data y runs upwards, on the screen downwards.
  frame(group, i, step, shift) {
    const [x, y, width, height, aside] = group.place;
    const frame = { group, x: x + shift, y: -y - height, width, height, middle: x + shift + width / 2 + aside };
    frame.label = (group.label ?? "") + (group.numbered ? step : "");
    this.column(step, frame.x, frame.x + width).frames.push(frame);
    return frame;
  }

  node(group, i, step, shift) {
    const [x, y, width, height] = group.place;
    const node = { group, i, step, x: x + shift, y: -y, width, height, ready: 0, out: [], into: [], inner: [] };
    node.label = (group.label ?? "") + (group.numbered ? step : "");
    node.code = group.numbers.code(this.norm, i);
    const column = this.column(step ?? group.layer, node.x - width / 2, node.x + width / 2);
    column.nodes.push(node);
    return node;
  }

  edge(group, i, step, shift) {
    const ends = ["source", "target", "via"].map((end) => {
      if (!group[end]) return null;
      const [number, away] = group[end];
      const of = this.data.nodes[number].byStep;
      return of.get(away === null ? null : step === null ? away : step + away);
    });
    const own = (v) => (Array.isArray(v) ? this.series[v[0]][v[1] + i] : v); // in a fan
    const points = group.place.map((v, k) => (Array.isArray(v) ? own(v) / 10 : v) * (k % 2 ? -1 : 1));
    const label = group.labelled ? points.splice(-2) : null;
    const [source, target, via] = ends;
    const edge = { group, i, step: target.step, slot: own(group.slot ?? 0), shift, points, label, source, target, via };
    edge.code = group.numbers.code(this.norm, i);
    edge.order = group.numbers.order ? group.numbers.order(i) : -1;
    if (edge.code === NONE) edge.order = -1;
    const xs = points.filter((_, k) => k % 2 === 0);
    const key = edge.step ?? target.group.layer;
    this.column(key, Math.min(...xs) + shift, Math.max(...xs) + shift).edges.push(edge);
    source.out.push(edge);
    if (via) via.out.push(edge);
    target.into.push(edge);
    return edge;
  }

  // The node in which a parameter's shares come together.
  sum(parameter) {
    const [x, y, width, height] = parameter.place;
    const code = parameter.numbers.code(this.norm, 0);
    return { parameter, x, y: -y, width, height, label: parameter.name, code };
  }

  extent() {
    const boxes = [
      ...this.frames,
      ...[...this.nodes, ...this.sums].map((node) => ({
        x: node.x - node.width / 2, y: node.y - node.height / 2, width: node.width, height: node.height,
      })),
    ];
    const bounds = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
    for (const box of boxes) {
      bounds.left = Math.min(bounds.left, box.x);
      bounds.top = Math.min(bounds.top, box.y);
      bounds.right = Math.max(bounds.right, box.x + box.width);
      bounds.bottom = Math.max(bounds.bottom, box.y + box.height);
    }
    for (const { points, shift } of this.edges) {
      for (let k = 0; k < points.length; k += 2) {
        bounds.left = Math.min(bounds.left, points[k] + shift);
        bounds.right = Math.max(bounds.right, points[k] + shift);
        bounds.top = Math.min(bounds.top, points[k + 1]);
        bounds.bottom = Math.max(bounds.bottom, points[k + 1]);
      }
    }
    for (const { label, shift } of this.edges) { // its number's text, in the canvas's smallest size
      if (!label) continue;
      bounds.left = Math.min(bounds.left, label[0] + shift - 20);
      bounds.right = Math.max(bounds.right, label[0] + shift + 20);
    }
    return boxes.length ? bounds : { left: 0, top: 0, right: 100, bottom: 100 };
  }

  // The edges on every path from these nodes to the loss along which a gradient came back.
  pathsFrom(starts) {
    const nodes = new Set(starts), edges = new Set();
    for (const node of nodes) { // grows while it is walked
      for (const state of node.inner) nodes.add(state);
      for (const edge of node.out) {
        if (edge.order < 0) continue;
        edges.add(edge);
        nodes.add(edge.target);
        if (edge.via) nodes.add(edge.via);
      }
    }
    return { nodes, edges };
  }

  // The same job in the nearest step on that side.
  beside(node, direction) {
    const { group, step } = node;
    if (step === null) return null;
    const alike = this.nodes.filter((other) => other.step !== null
      && (other.step - step) * direction > 0
      && other.group.label === group.label && other.group.role === group.role
      && other.group.gate === group.gate && other.group.layer === group.layer
      && Math.abs(other.group.place[1] - group.place[1]) < 1);
    alike.sort((a, b) => Math.abs(a.step - step) - Math.abs(b.step - step)
      || Math.abs(a.group.place[0] - group.place[0]) - Math.abs(b.group.place[0] - group.place[0]));
    return alike[0] ?? null;
  }

  // From which position of the sweep on a step's gradients are known.
  passed(step) {
    const states = (this.columns.get(step)?.nodes ?? []).filter((node) => node.group.role === "state");
    return Math.max(0, ...states.map((node) => node.ready));
  }

  // Where the paths from something chosen begin.
  startsOf({ node, edge, sum }) {
    if (node) return [node];
    if (edge) return [edge.target];
    return this.nodes.filter(({ group }) => group.role === "parameter" && group.name === sum.label);
  }

  // What names a node, an edge or a sum in this drawing, and the other way round.
  idOf({ node, edge, sum }) {
    if (sum) return `sum ${sum.label}`;
    const { group, i } = node ?? edge;
    return group.ids ? group.numbers.id(i) : null;
  }

  find(id) {
    const named = (key) => (one) => this.idOf({ [key]: one }) === id;
    for (const [key, all] of [["node", this.nodes], ["edge", this.edges], ["sum", this.sums]]) {
      const found = all.find(named(key));
      if (found) return { [key]: found };
    }
    return null;
  }

  textOf({ node, edge, sum }) {
    if (edge) return this.edgeText(edge);
    if (sum) return sumText(sum);
    return node.group.role === "omitted" ? node.label : this.nodeText(node);
  }

  nodeText(node) {
    return nodeText(node);
  }

  edgeText(edge) {
    return edgeText(edge);
  }
}

// Where a column's frames stand, or, without them, its nodes.
function middleOf({ frames, nodes, left, right }) {
  const ends = frames.length ? frames.map(({ x, width }) => [x, x + width])
    : nodes.map(({ x, width }) => [x - width / 2, x + width / 2]);
  if (!ends.length) return (left + right) / 2;
  return (Math.min(...ends.map(([x]) => x)) + Math.max(...ends.map(([, x]) => x))) / 2;
}
