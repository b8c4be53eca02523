// The place one is at, kept in the address: a reload, a bookmark or a link leads there again.
// #cell=LSTM&level=gate&step=12&select=n40&view=12,300,0.5&speed=2, each only where it is not as the
// page opens; `edge` instead of `step` in the midst of a step, `letters=off` without keys of a letter, `embed` for
// the graph alone.

const VIEWS = { fit: "all", fitHeight: "high" };
const PAUSE = 300; // milliseconds without a change until it is written: browsers allow few writes

class Address {
  constructor(page) {
    this.page = page;
    addEventListener("hashchange", () => this.read());
  }

  text() {
    const { number, picture, pictures, pinned, data, sweep, canvas, drawing, chosen, placed, home } = this.page;
    const { length } = drawing.swept;
    const { position, speed } = sweep;
    const at = sweep.lastEdge()?.step;
    const { step, scale, down } = canvas.placeIn(drawing);
    const stands = Number.isInteger(at) && sweep.leaving(at) === position;
    const parts = {
      cell: number && pictures[number].name,
      level: pinned !== (data.detail in picture.levels ? data.detail : null) && (pinned ?? "auto"),
      step: position < length && stands && String(at),
      edge: position < length && !stands && String(Math.round(position)),
      select: chosen,
      view: placed ? placed !== home && VIEWS[placed] : `${step},${Math.round(scale)},${down.toFixed(2)}`,
      speed: speed !== 1 && speed,
      letters: !$("letters").checked && "off",
    };
    const known = Object.entries(parts).filter(([, value]) => value);
    const text = known.map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll("%2C", ",")}`);
    return [...(this.embed ? ["embed"] : []), ...text].join("&");
  }

  // Write it down once nothing has changed for a moment. A notebook's frame has no address of its own.
  keep() {
    clearTimeout(this.timer);
    if (this.page.sweep.playing || location.protocol === "about:") return;
    this.timer = setTimeout(() => {
      const text = this.text();
      if (text === location.hash.slice(1)) return;
      history.replaceState(history.state, "", text ? `#${text}` : location.pathname + location.search);
    }, PAUSE);
  }

  // Go where the address says, and say what in it names nothing here.
  read() {
    const given = [...new URLSearchParams(location.hash.slice(1))];
    const { page } = this;
    const value = Object.fromEntries(given);
    this.embed = "embed" in value;
    document.body.classList.toggle("embed", this.embed);
    const number = Math.max(0, page.pictures.findIndex(({ name }) => name === value.cell));
    page.chosen = null;
    page.placed = value.view === "high" ? "fitHeight" : "fit";
    page.home = "fit";
    page.remarks = [];
    page.sweep.setSpeed("1");
    $("letters").checked = value.letters !== "off";
    page.show(number, value.level ?? page.data.detail);
    page.sweep.seek(Infinity);
    const astray = given.filter(([name, text]) => !this.go(name, text));
    if (!astray.length) return;
    const names = astray.map(([name, text]) => (text ? `${name}=${text}` : name)).join(", ");
    page.say([`The address names what this page does not have: ${names}. The rest of it is shown.`]);
  }

  // One part of the address; whether it names anything.
  go(name, text) {
    const { page } = this;
    const { drawing, sweep } = page;
    const whole = /^\d+$/.test(text) ? Number(text) : -1;
    switch (name) {
      case "embed": return true;
      case "cell": return page.picture.name === text;
      case "level": return text === "auto" ? !page.pinned : page.pinned === text;
      case "letters": return text === "off";
      case "speed": return sweep.setSpeed(text);
      case "edge":
        if (whole < 0 || whole > drawing.swept.length) return false;
        sweep.seek(whole);
        return true;
      case "step":
        if (whole < 0 || !sweep.leaving(whole)) return false;
        sweep.seek(sweep.leaving(whole));
        if (!new URLSearchParams(location.hash.slice(1)).has("view")) sweep.goTo(whole);
        return true;
      case "select": {
        const found = drawing.find(text);
        if (found) page.choose(found);
        return Boolean(found);
      }
      case "view":
        if (text === "all") page.place("fit");
        return text === "all" || text === "high" || this.goToView(text);
      default: return false;
    }
  }

  goToView(text) {
    const { canvas, drawing } = this.page;
    const [, key, scale, down] = /^(\w+),([\d.]+),([\d.]+)$/.exec(text) ?? [];
    const step = [...drawing.columns.keys()].find((one) => String(one) === key);
    if (!drawing.columns.has(step) || !(scale > 0) || !(down <= 1)) return false;
    this.page.placed = null;
    canvas.goToPlace(drawing, { step, scale: Number(scale), down: Number(down) });
    this.page.levels.open();
    return true;
  }
}
