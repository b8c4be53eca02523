// The form, what it asks of the engine, and the results. One idea: the settings are the options of
// the command `tinygrad-rnn`, so that the page, its link and the command line say the same.

import { Engine, EngineError } from "./engine.js";
import { cut, estimate, isTable, optionsOf, readLink, writeLink } from "./settings.js";

const $ = (id) => document.getElementById(id);
const form = $("form");
let drawn = null; // {settings, made: {svg, html, ...}} of what is shown
let begun = 0;
let file = null; // {name, text, note} that takes the place of the textarea

const engine = new Engine((words, share) => {
  $("status").textContent = words;
  if (share === null) $("progress").removeAttribute("value");
  else $("progress").value = share;
});

// ---- settings

function settings() {
  const chosen = new FormData(form);
  const input = file ?? { name: "", text: $("text").value, note: "" };
  const found = { cell: chosen.getAll("cell"), text: input.text, table: isTable(input.text, input.name) };
  for (const name of ["steps", "detail", "hidden", "layers", "loss", "seed"]) found[name] = chosen.get(name);
  if (found.cell.includes("lstm")) found["forget-bias"] = chosen.get("forget-bias");
  if (found.cell.includes("gru")) found["update-bias"] = chosen.get("update-bias");
  if (found.table) found.standardise = chosen.has("standardise");
  return found;
}

function fill(found) {
  for (const [name, value] of Object.entries(found)) {
    if (name === "text") $("text").value = value;
    else if (name === "cell") {
      for (const box of form.querySelectorAll("[name=cell]")) box.checked = value.includes(box.value);
    } else if (name === "standardise") form.elements.standardise.checked = value;
    else if (form.elements[name]) form.elements[name].value = value;
  }
}

function sayWhatIsRead() {
  const { text, table, steps } = settings();
  const length = table ? text.trim().split("\n").length : [...text].length;
  const unit = table ? "lines" : "characters";
  const enough = length > Number(steps);
  $("reads").textContent = enough
    ? `${length.toLocaleString("en")} ${unit}: the first ${steps} are read, the next is predicted.`
    : `${length.toLocaleString("en")} ${unit}, fewer than the steps: ${Math.max(1, length - 1)} will be read.`;
}

// ---- files

async function take(given) {
  if (!given) return;
  try {
    const { text, note } = await cut(given);
    file = { name: given.name, text, note };
    $("text").value = text.slice(0, 2000);
    $("named").textContent = `${given.name}. ${note}`;
    $("text").focus();
  } catch (error) {
    complain(error.message);
  }
  sayWhatIsRead();
}

// ---- telling

function complain(words, offers = []) {
  const problem = $("problem");
  problem.firstElementChild.textContent = words;
  for (const button of problem.querySelectorAll("button")) button.remove();
  for (const [label, act] of offers) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: label });
    button.addEventListener("click", () => { problem.hidden = true; act(); });
    problem.append(button, " ");
  }
  problem.hidden = !words;
  problem.querySelector("button")?.focus();
}

function busy(is) {
  $("draw").disabled = is;
  $("stop").hidden = !is;
  $("progress").hidden = !is;
  if (is) begun = performance.now();
}

async function asked(ask, details) {
  complain("");
  busy(true);
  try {
    return await engine.ask(ask, details);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    complain(error.message);
    $("status").textContent = "";
    return null;
  } finally {
    busy(false);
  }
}

// ---- drawing

async function draw(sure = false) {
  const found = settings();
  if (!found.cell.length) return complain("No cell is chosen: choose RNN, LSTM or GRU.");
  if (!form.reportValidity()) return undefined;
  const { seconds, fewer } = estimate(found);
  if (!sure && fewer) {
    return complain(
      `This would take about ${Math.round(seconds / 60) || 1} min here: ${fewer} steps take about 20 s.`,
      [[`Draw ${fewer} steps`, () => { form.elements.steps.value = fewer; draw(); }],
        ["Draw it all the same", () => draw(true)]],
    );
  }
  const bytes = new TextEncoder().encode(found.text);
  const result = await asked("draw", { options: optionsOf(found), file: bytes });
  if (!result) return undefined;
  if (result.steps !== Number(found.steps)) form.elements.steps.value = found.steps = String(result.steps);
  drawn = { settings: found, made: { svg: result.svg } };
  history.replaceState(null, "", writeLink(found));
  showSvg($("picture"), result.svg);
  $("words").firstElementChild.textContent = result.words;
  $("command").textContent = result.command;
  $("result").hidden = false;
  const took = ((performance.now() - begun) / 1000).toFixed(1);
  $("status").textContent = `Drawn in ${took} s. ${result.notes}`;
  document.documentElement.dataset.drawn = String(Math.round(performance.now()));
  select($("tab-picture"));
  return undefined;
}

/** An SVG in a shadow tree: its tooltips work, and its names and style are its own. */
function showSvg(place, svg) {
  const root = place.shadowRoot ?? place.attachShadow({ mode: "open" });
  const parsed = new DOMParser().parseFromString(svg, "image/svg+xml");
  const picture = document.importNode(parsed.documentElement, true);
  root.replaceChildren(picture);
  fit();
}

/** Pictures as wide as the page, or in their own size, to be scrolled. */
function fit() {
  for (const place of [$("picture"), $("chart")]) {
    const picture = place.shadowRoot?.firstElementChild;
    if (picture) picture.style = $("fit").checked ? "width: 100%; height: auto" : "";
  }
}

async function made(form) {
  if (!drawn.made[form]) {
    const text = await asked("write", { form });
    if (text === null) return null;
    drawn.made[form] = text;
    $("status").textContent = "";
  }
  return drawn.made[form];
}

// ---- tabs

const tabs = [...document.querySelectorAll("[role=tab]")];

async function select(tab) {
  for (const one of tabs) {
    const on = one === tab;
    one.setAttribute("aria-selected", String(on));
    one.tabIndex = on ? 0 : -1;
    $(one.getAttribute("aria-controls")).hidden = !on;
  }
  const now = drawn;
  if (tab.id === "tab-page" && !now.frame) {
    const page = await made("html");
    if (page === null || now !== drawn) return;
    const frame = document.createElement("iframe");
    Object.assign(frame, { title: "The graph, playing the backward pass", srcdoc: page });
    frame.setAttribute("sandbox", "allow-scripts");
    now.frame = frame;
    $("page").replaceChildren(frame);
  }
  if (tab.id === "tab-chart" && !now.made.chart) {
    const chart = await asked("chart", {});
    if (chart === null || now !== drawn) return;
    now.made.chart = chart;
    $("status").textContent = "";
    showSvg($("chart"), chart);
  }
}

for (const tab of tabs) {
  tab.addEventListener("click", () => select(tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    next.focus();
    select(next);
  });
}

// ---- saving and sharing

async function save(form) {
  const content = await made(form);
  if (content === null) return;
  const types = { svg: "image/svg+xml", html: "text/html", json: "application/json" };
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: types[form] }));
  link.download = `${drawn.settings.cell.join("-")}.${form}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

for (const button of document.querySelectorAll("[data-form]")) {
  button.addEventListener("click", () => save(button.dataset.form));
}

$("share").addEventListener("click", async () => {
  const link = new URL(writeLink(drawn.settings), location.href).href;
  try {
    await navigator.clipboard.writeText(link);
    $("status").textContent = "The link is in the clipboard: it draws this again.";
  } catch {
    $("status").textContent = "The link is in the address bar: it draws this again.";
  }
});

// ---- the form

form.addEventListener("submit", (event) => { event.preventDefault(); draw(); });
form.addEventListener("input", sayWhatIsRead);
$("text").addEventListener("input", () => { file = null; $("named").textContent = ""; sayWhatIsRead(); });
$("fit").addEventListener("change", fit);
$("stop").addEventListener("click", () => engine.restart("Stopped. Python is being started anew."));
$("choose").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", () => {
  take($("file").files[0]);
  $("file").value = ""; // so that the same file, mended, can be chosen again
});
for (const kind of ["dragover", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    if (kind === "drop") take(event.dataTransfer.files[0]);
  });
}

const linked = readLink(location.hash);
fill(linked);
sayWhatIsRead();
busy(true);
$("stop").hidden = true;
$("draw").disabled = false; // may be asked for while Python loads
engine.ready.then(
  (loaded) => {
    document.documentElement.dataset.phases = JSON.stringify(loaded.phases);
    if ($("draw").disabled) return;
    busy(false);
    $("status").textContent = "Ready.";
  },
  (error) => { busy(false); $("status").textContent = ""; complain(error.message); },
);
if (linked.text) draw();
