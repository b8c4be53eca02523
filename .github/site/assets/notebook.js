// The notebook: each cell's code runs in the worker, all in one namespace; its output stands below.

import { Engine, EngineError } from "./engine.js";

const $ = (id) => document.getElementById(id);
const cells = [...document.querySelectorAll(".cell")];

const engine = new Engine((words, share) => {
  $("status").textContent = words;
  if (share === null) $("progress").removeAttribute("value");
  else $("progress").value = share;
});

function complain(words) {
  $("problem").firstElementChild.textContent = words;
  $("problem").hidden = !words;
}

function busy(is) {
  for (const button of document.querySelectorAll(".cell button, #all")) button.disabled = is;
  $("stop").hidden = !is;
  $("progress").hidden = !is;
}

function show(place, { text, svg, html }) {
  place.replaceChildren();
  if (text) {
    const pre = document.createElement("pre");
    pre.tabIndex = 0;
    pre.textContent = text;
    place.append(pre);
  }
  if (html) {
    const frame = document.createElement("iframe");
    frame.title = "The picture, playing";
    frame.setAttribute("sandbox", "allow-scripts");
    frame.srcdoc = html;
    place.append(frame);
  } else if (svg) {
    const box = document.createElement("div");
    box.className = "wide";
    box.tabIndex = 0;
    box.attachShadow({ mode: "open" }).append(
      document.importNode(new DOMParser().parseFromString(svg, "image/svg+xml").documentElement, true),
    );
    place.append(box);
  }
}

async function run(cell) {
  const code = cell.querySelector("textarea").value;
  if (/viz\.chart/.test(code)) await engine.ask("packages", { names: ["matplotlib"] });
  const output = await engine.ask("cell", { code });
  show(cell.querySelector(".output"), output);
  return !output.failed;
}

async function runAll(chosen) {
  complain("");
  busy(true);
  try {
    for (const cell of chosen) {
      $("status").textContent = `Running ${cell.getAttribute("aria-label").toLowerCase()}`;
      if (!(await run(cell))) {
        cell.querySelector(".output").scrollIntoView({ block: "nearest" });
        break;
      }
    }
    $("status").textContent = "Done.";
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    complain(`${error.message} What the cells made is gone: run them again from the first.`);
    $("status").textContent = "";
  } finally {
    busy(false);
  }
}

for (const cell of cells) {
  cell.querySelector("button").addEventListener("click", () => runAll([cell]));
  cell.querySelector("textarea").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.shiftKey) return;
    event.preventDefault();
    runAll([cell]);
  });
}
$("all").addEventListener("click", () => runAll(cells));
$("stop").addEventListener("click", () => engine.restart("Stopped."));

busy(true);
$("stop").hidden = true;
engine.ready.then(
  () => { busy(false); $("status").textContent = "Ready."; document.documentElement.dataset.ready = "1"; },
  (error) => { $("progress").hidden = true; $("status").textContent = ""; complain(error.message); },
);
