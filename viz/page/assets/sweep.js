// The backward pass: how far it has come, and playing it, step by step or edge by edge.

const SECONDS = 60; // that playing may take in all: of more steps each takes less than a second

class Sweep {
  constructor(page) {
    this.page = page;
    this.position = 0; // so many edges have been passed
    this.playing = false;
    $("play").addEventListener("click", () => this.play());
    for (const id of ["speed", "pace"]) $(id).addEventListener("change", () => page.redraw());
    $("sweep").addEventListener("input", () => {
      if (this.playing) this.play(false);
      this.seek(Number($("sweep").value), true);
    });
  }

  get speed() {
    return Number($("speed").value);
  }

  // Whether there is such a speed.
  setSpeed(text) {
    const there = [...$("speed").options].some(({ value }) => value === text);
    if (there) $("speed").value = text;
    return there;
  }

  get byEdge() {
    return $("pace").value === "edge";
  }

  get edges() {
    return this.page.drawing.swept;
  }

  // How far it has come, in terms that hold for any drawing of these steps.
  passed() {
    const { length } = this.edges;
    return { part: length ? this.position / length : 1, step: this.lastEdge()?.step ?? null };
  }

  // A new drawing, as far as before: at first, the whole.
  restart(passed) {
    const { part, step } = passed ?? { part: 1, step: null };
    $("sweep").max = this.edges.length;
    this.ends = [...new Set(this.edges.map((edge) => edge.step))].length; // stretches of one step each
    const left = part < 1 && step !== null ? this.leaving(step) : 0;
    this.seek(left || Math.round(part * this.edges.length));
  }

  // Where it leaves a time step; 0 if it never comes there.
  leaving(step) {
    return this.edges.findLastIndex((edge) => edge.step === step) + 1;
  }

  seek(position, follow = false) {
    const { page, edges } = this;
    this.position = Math.max(0, Math.min(edges.length, position));
    const edge = this.lastEdge();
    $("sweep").value = Math.round(this.position);
    const step = edge?.step ?? lastOf(page.picture.steps);
    if (step !== this.step) {
      this.step = step;
      if (!this.playing) page.stops.fill();
      page.table.fill();
      page.strips.tell(step);
    }
    const said = this.said(edge);
    $("sweep").setAttribute("aria-valuetext", said);
    $("where").textContent = said;
    if (follow && edge && !(this.playing && this.loose)) this.show(edge.target.x - 60, edge.target.x + 30);
    page.redraw();
  }

  lastEdge() {
    return this.edges[Math.ceil(this.position) - 1] ?? null;
  }

  said(edge) {
    const { length } = this.edges;
    if (!length) return "No gradient was recorded.";
    if (!edge) return "Start of the backward pass: at the loss.";
    if (this.position === length && !this.playing) {
      return `The whole backward pass: ${length} edges. Press Space to play it.`;
    }
    const factor = factorText(edge);
    return `Edge ${Math.ceil(this.position)} of ${length}: ${edgeName(edge)} sent back `
      + `${this.page.picture.norm} ${gradientText(edge.code)}${factor ? `: ${factor}` : ""}`;
  }

  play(on = !this.playing) {
    const { page, edges: { length } } = this;
    if (on && !length) return;
    this.playing = on;
    this.loose = false; // whether the reader has moved the picture since
    $("play").textContent = on ? "Pause" : "Play";
    $("play").setAttribute("aria-pressed", String(on));
    $("where").setAttribute("aria-live", on ? "off" : "polite");
    if (!on) {
      this.seek(Math.round(this.position));
      page.stops.fill();
      page.table.fill();
      return;
    }
    if (this.position >= length) this.position = 0;
    let last = performance.now();
    const frame = (now) => {
      if (!this.playing) return;
      this.advance(Math.min(now - last, 100) / 1000);
      last = now;
      if (this.position >= this.edges.length) this.play(false);
      else if (this.playing) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  // So many seconds further: a time step takes about one of them, or an edge does.
  advance(seconds) {
    const { edges } = this;
    const at = Math.floor(this.position), step = edges[at].step;
    let first = at, next = at + 1;
    if (!this.byEdge) {
      while (first > 0 && edges[first - 1].step === step) first--;
      while (next < edges.length && edges[next].step === step) next++;
    }
    const pace = Math.max(1, (this.byEdge ? edges.length / 600 : this.ends / SECONDS)) * this.speed;
    const end = this.byEdge ? this.position + pace * seconds
      : Math.min(this.position + (next - first) * pace * seconds, next);
    this.seek(end, true);
    if (end >= next && $("halt").checked && step === this.page.worst?.step) this.halt();
  }

  // Pause where most is lost.
  halt() {
    const { step, share, name } = this.page.worst;
    this.play(false);
    $("where").textContent = `Most is lost here: of the gradient at ${name}_${step + 1}, `
      + `${numberText(100 * share)} % reaches ${name}_${step}.`;
  }

  // To the first edge of the next time step in that direction.
  stepBy(direction) {
    const { edges } = this;
    let at = Math.round(this.position);
    const step = edges[at - 1]?.step;
    while (at > 0 || direction > 0) {
      at += direction;
      if (at <= 0 || at >= edges.length || edges[at - 1].step !== step) break;
    }
    this.seek(at, true);
  }

  // Bring a time step into view, and the sweep to where it leaves that step.
  goTo(step) {
    const { canvas, drawing } = this.page;
    const column = drawing.columns.get(step);
    if (column && !this.show(column.left, column.right)) canvas.lookAtTime(column.middle);
    this.seek(this.leaving(step) || this.position);
  }

  // Bring a part of the drawing into view; whether it was there already.
  show(left, right) {
    const { canvas } = this.page;
    const before = canvas.x;
    canvas.show(left, right);
    if (canvas.x !== before) this.page.placed = null;
    return canvas.x === before;
  }
}

// The step back in time on which the smallest share of the gradient arrives: of what the last loss
// sends where there are several, else at the state that keeps most of it.
function worstOf(picture, strips, triangle) {
  const found = triangle.rows.length
    ? { state: triangle.state, steps: triangle.steps, codes: [...triangle.rows.at(-1).codes] }
    : strips.bars.map(({ strip, bars }) => (
      { state: strip.state, steps: bars.map(({ step }) => step), codes: bars.map(({ code }) => code) }))
      .reduce((a, b) => (a && logOf(a.codes[0]) >= logOf(b.codes[0]) ? a : b), null);
  let worst = null;
  found?.codes.forEach((code, i) => {
    const after = found.codes[i + 1];
    if (after === undefined || after < FIRST || found.steps[i + 1] !== found.steps[i] + 1) return;
    const lost = logOf(code) - logOf(after);
    if (Number.isNaN(lost) || lost >= (worst?.lost ?? 0)) return;
    worst = { lost, step: found.steps[i], share: 10 ** lost, name: found.state };
  });
  return worst;
}
