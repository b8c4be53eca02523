// The backward pass: how far it has come, and playing it.

class Sweep {
  constructor(page) {
    this.page = page;
    this.position = 0; // so many edges have been passed
    this.playing = false;
    $("play").addEventListener("click", () => this.play());
    $("speed").addEventListener("change", () => page.redraw());
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
      page.stops.fill();
      page.table.fill();
      page.strips.tell(step);
    }
    const said = this.said(edge);
    $("sweep").setAttribute("aria-valuetext", said);
    $("where").textContent = said;
    if (follow && edge && page.canvas.zoom >= CURVED && !(this.playing && this.loose)) {
      page.placed = null;
      page.canvas.show(edge.target.x - 60, edge.target.x + 30);
    }
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
    return `Edge ${Math.ceil(this.position)} of ${length}: ${edgeName(edge)} sent back `
      + `${this.page.picture.norm} ${gradientText(edge.code)}`;
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
      page.table.fill();
      return;
    }
    if (this.position >= length) this.position = 0;
    let last = performance.now();
    const frame = (now) => {
      if (!this.playing) return;
      const seconds = Math.max(4, Math.min(40, this.edges.length * 0.12));
      const rate = (this.edges.length / seconds) * this.speed;
      this.seek(this.position + (rate * Math.min(now - last, 100)) / 1000, true);
      last = now;
      if (this.position >= this.edges.length) this.play(false);
      else requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
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

  // Bring a time step to the middle, and the sweep to where it leaves that step.
  goTo(step) {
    const { canvas, drawing } = this.page;
    const column = drawing.columns.get(step);
    if (column && canvas.zoom >= CURVED) {
      this.page.placed = null;
      canvas.x = (column.left + column.right - canvas.width / canvas.zoom) / 2;
    }
    this.seek(this.leaving(step) || this.position);
  }
}
