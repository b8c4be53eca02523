// Mouse, touch and keys.

class Pointer {
  constructor(page) {
    this.page = page;
    this.down = new Map(); // where each finger, or the mouse's button, is held down
    const canvas = $("canvas");
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.lift(event));
    canvas.addEventListener("pointercancel", (event) => this.lift(event)); // the browser scrolls instead
    canvas.addEventListener("pointerleave", (event) => {
      if (event.pointerType !== "touch") this.hideTip(); // a finger's stays when it is lifted
    });
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  under(x, y) {
    return this.page.canvas.at(this.page.drawing, x, y);
  }

  press({ pointerId, offsetX, offsetY }) {
    this.hideTip();
    this.down.set(pointerId, [offsetX, offsetY]);
    this.moved = this.down.size > 1;
    $("canvas").setPointerCapture(pointerId);
  }

  move({ pointerId, offsetX: x, offsetY: y }) {
    const { page, down } = this;
    const before = down.get(pointerId);
    if (!before) {
      const found = this.under(x, y);
      $("canvas").classList.toggle("over", Boolean(found));
      if (found) this.tip(found, x, y);
      else this.hideTip();
      return;
    }
    if (!this.moved && Math.hypot(x - before[0], y - before[1]) < 4) return;
    this.moved = true;
    $("canvas").classList.add("moving");
    this.hideTip();
    down.set(pointerId, [x, y]);
    const other = [...down].find(([id]) => id !== pointerId)?.[1];
    const share = other ? 0.5 : 1; // of two fingers the middle moves the picture, their distance zooms
    page.pan((before[0] - x) * share, (before[1] - y) * share);
    if (!other) return;
    const apart = ([left, top]) => Math.max(1, Math.hypot(left - other[0], top - other[1]));
    page.zoom(apart([x, y]) / apart(before), (x + other[0]) / 2, (y + other[1]) / 2);
  }

  lift({ type, pointerId, pointerType, offsetX: x, offsetY: y }) {
    const held = this.down.delete(pointerId);
    if (this.down.size) return;
    $("canvas").classList.remove("moving");
    if (!held || this.moved || type === "pointercancel") return;
    const found = this.under(x, y);
    this.page.choose(found);
    if (found && pointerType === "touch") this.tip(found, x, y);
  }

  // A wheel zooms; two fingers on a trackpad move, and pinching zooms, which arrives with Ctrl. In a
  // notebook the wheel scrolls the notebook until one has clicked into the page.
  wheel(event) {
    if (globalThis !== globalThis.top && !document.hasFocus()) return;
    event.preventDefault();
    this.hideTip();
    const unit = event.deltaMode ? 16 : 1; // lines of text
    const across = event.deltaX * unit, along = event.deltaY * unit;
    const wheel = !across && Math.abs(along) >= 40;
    const pinch = (event.ctrlKey || event.metaKey) && !wheel;
    if (event.shiftKey) this.page.pan(across || along, 0);
    else if (wheel || pinch) this.page.zoom(Math.exp(-along / (pinch ? 100 : 400)), event.offsetX, event.offsetY);
    else this.page.pan(across, along);
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
    $("find").addEventListener("input", () => $("find").setCustomValidity(""));
    $("find").addEventListener("keydown", ({ key }) => {
      if (key === "Enter") this.find($("find").value);
    });
    this.acts = {
      Escape: () => page.clear(),
      "+": closer, "=": closer, "-": farther, 0: whole, 1: tall,
      d: () => page.next("levels"),
      c: () => page.next("cells"),
      t: () => ($("table").open = !$("table").open),
      "?": help,
      "/": () => $("find").focus(),
      ",": () => sweep.stepBy(1),
      ".": () => sweep.stepBy(-1),
    };
    this.inGraph = { // elsewhere they scroll the page
      PageDown: () => sweep.stepBy(1),
      PageUp: () => sweep.stepBy(-1),
      Home: () => sweep.seek(0, true),
      End: () => sweep.seek(Infinity, true),
    };
    this.presses = { " ": () => sweep.play() }; // buttons have this key for themselves
    this.arrows = { // and sliders these
      ArrowLeft: () => sweep.seek(Math.floor(sweep.position) + 1, true),
      ArrowRight: () => sweep.seek(Math.ceil(sweep.position) - 1, true),
    };
    this.moves = { ArrowLeft: [-80, 0], ArrowRight: [80, 0], ArrowUp: [0, -80], ArrowDown: [0, 80] };
    this.page = page;
    document.addEventListener("keydown", (event) => this.press(event));
  }

  // The next node of this name, or else with it in its name, further back in time than the last found.
  find(text) {
    const { page } = this;
    const { drawing, canvas, chosen } = page;
    const wanted = text.trim().toLowerCase();
    if (!wanted) return;
    const named = drawing.nodes.map((node) => ({ node, name: nodeName(node).toLowerCase() }));
    const exact = named.filter(({ name }) => name === wanted);
    const found = (exact.length ? exact : named.filter(({ name }) => name.includes(wanted)))
      .map(({ node }) => node).sort((a, b) => b.x - a.x);
    if (!found.length) {
      $("find").setCustomValidity("No node at this level of detail has this in its name.");
      $("find").reportValidity();
      return;
    }
    const last = found.findIndex((node) => drawing.idOf({ node }) === chosen);
    const node = found[(last + 1) % found.length];
    page.placed = null;
    canvas.setZoom(Math.max(canvas.zoom, READABLE), drawing);
    canvas.lookAt(node.x, node.y);
    canvas.keepInside(drawing);
    page.choose({ node });
  }

  press(event) {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
    if (target.matches("select, input[type=number], input[type=search]")) return;
    if (key.length === 1 && key !== " " && !$("letters").checked) return; // WCAG 2.1.4
    const act = event.shiftKey && this.moves[key] ? () => this.page.pan(...this.moves[key])
      : this.acts[key] ?? this.acts[key.toLowerCase()]
        ?? (target.closest("#graph, #transport") ? this.inGraph[key] : null)
        ?? (target.matches("button, summary, input[type=radio]") ? null : this.presses[key])
        ?? (target.matches("input") ? null : this.arrows[key]);
    if (!act) return;
    event.preventDefault();
    act();
  }
}
