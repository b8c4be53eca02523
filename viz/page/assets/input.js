// Mouse, touch and keys.

class Pointer {
  constructor(page) {
    this.page = page;
    const canvas = $("canvas");
    canvas.addEventListener("pointerdown", (event) => {
      this.held = [event.offsetX, event.offsetY];
      this.moved = false;
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => this.move(event.offsetX, event.offsetY));
    canvas.addEventListener("pointerup", (event) => {
      if (this.held && !this.moved) page.choose(this.under(event.offsetX, event.offsetY));
      this.held = null;
      canvas.classList.remove("moving");
    });
    canvas.addEventListener("pointerleave", () => this.hideTip());
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  under(x, y) {
    return this.page.canvas.at(this.page.drawing, x, y);
  }

  move(x, y) {
    if (!this.held) {
      const found = this.under(x, y);
      $("canvas").classList.toggle("over", Boolean(found));
      if (found) this.tip(found, x, y);
      else this.hideTip();
      return;
    }
    if (!this.moved && Math.hypot(x - this.held[0], y - this.held[1]) < 4) return;
    this.moved = true;
    $("canvas").classList.add("moving");
    this.hideTip();
    this.page.pan(this.held[0] - x, this.held[1] - y);
    this.held = [x, y];
  }

  wheel(event) {
    event.preventDefault();
    this.hideTip();
    if (event.shiftKey) this.page.pan(event.deltaX || event.deltaY, 0);
    else this.page.zoom(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
  }

  tip(found, x, y) {
    const { width, height } = this.page.canvas;
    const tip = $("tip");
    tip.textContent = this.page.drawing.textOf(found);
    tip.hidden = false;
    const below = y + 18 + tip.offsetHeight <= height;
    tip.style.left = `${Math.max(4, Math.min(x + 14, width - tip.offsetWidth - 4))}px`;
    tip.style.top = `${below ? y + 18 : Math.max(4, y - tip.offsetHeight - 10)}px`;
  }

  hideTip() {
    $("tip").hidden = true;
  }

  // The keyboard has left a node.
  leave() {
    this.hideTip();
    if (!this.page.paths) this.page.focused = null;
    this.page.redraw();
  }
}

class Keys {
  constructor(page) {
    const { sweep } = page;
    const on = (id, act) => $(id).addEventListener("click", act);
    const help = () => $("help").showModal();
    const closer = () => page.zoom(1.3), farther = () => page.zoom(1 / 1.3);
    const whole = () => page.place("fit"), tall = () => page.place("fitHeight");
    on("keys", help);
    on("closer", closer);
    on("farther", farther);
    on("whole", whole);
    on("tall", tall);
    on("clear", () => page.clear());
    this.acts = {
      Escape: () => page.clear(),
      "+": closer, "=": closer, "-": farther, 0: whole, 1: tall,
      d: () => page.next("levels"),
      c: () => page.next("cells"),
      t: () => ($("table").open = !$("table").open),
      "?": help,
      PageDown: () => sweep.stepBy(1),
      PageUp: () => sweep.stepBy(-1),
    };
    this.presses = { " ": () => sweep.play() }; // buttons have this key for themselves
    this.arrows = { // and sliders these
      ArrowLeft: () => sweep.seek(Math.floor(sweep.position) + 1, true),
      ArrowRight: () => sweep.seek(Math.ceil(sweep.position) - 1, true),
      Home: () => sweep.seek(0, true),
      End: () => sweep.seek(Infinity, true),
    };
    this.moves = { ArrowLeft: [-80, 0], ArrowRight: [80, 0], ArrowUp: [0, -80], ArrowDown: [0, 80] };
    this.page = page;
    document.addEventListener("keydown", (event) => this.press(event));
  }

  press(event) {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
    if (target.matches("select, input[type=number]")) return;
    const act = event.shiftKey && this.moves[key] ? () => this.page.pan(...this.moves[key])
      : this.acts[key] ?? this.acts[key.toLowerCase()]
        ?? (target.matches("button, summary, input[type=radio]") ? null : this.presses[key])
        ?? (target.matches("input") ? null : this.arrows[key]);
    if (!act) return;
    event.preventDefault();
    act();
  }
}
