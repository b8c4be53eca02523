// The backward pass: how far it has come, and playing it.

class Sweep {
  constructor(page) {
    this.page = page;
    this.position = 0; // so many edges have been passed
    this.playing = false;
    $("play").addEventListener("click", () => this.play());
    $("sweep").addEventListener("input", () => {
      if (this.playing) this.play(false);
      this.seek(Number($("sweep").value), true);
    });
  }

  get edges() {
    return this.page.drawing.swept;
  }

  // A new drawing, at the same part of the whole.
  restart(part) {
    $("sweep").max = this.edges.length;
    this.seek(Math.round(part * this.edges.length));
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
    }
    const said = this.said(edge);
    $("sweep").setAttribute("aria-valuetext", said);
    $("where").textContent = said;
    if (follow && edge && page.canvas.zoom >= CURVED) {
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
    const { length } = this.edges;
    if (on && !length) return;
    this.playing = on;
    $("play").textContent = on ? "Pause" : "Play";
    $("play").setAttribute("aria-pressed", String(on));
    $("where").setAttribute("aria-live", on ? "off" : "polite");
    if (!on) {
      this.seek(Math.round(this.position));
      return;
    }
    if (this.position >= length) this.position = 0;
    let last = performance.now();
    const frame = (now) => {
      if (!this.playing) return;
      const seconds = Math.max(4, Math.min(40, this.edges.length * 0.12));
      const rate = (this.edges.length / seconds) * Number($("speed").value);
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
      canvas.x = (column.left + column.right - canvas.width / canvas.zoom) / 2;
    }
    const last = this.edges.findLastIndex((edge) => edge.step === step);
    this.seek(last < 0 ? this.position : last + 1);
  }
}
