"use strict";

const $ = (id) => document.getElementById(id);
const { states, records } = JSON.parse($("data").textContent);
const LEFT = 64, FOOT = 22, TOP = 8;

// A colour of the style sheet as a canvas takes it: resolved for light or dark by an element.
function colour(name) {
  $("probe").style.color = `var(${name})`;
  return getComputedStyle($("probe")).color;
}

// A canvas in pixels of the screen, cleared; sizes are those of the page.
function clear(canvas) {
  const { width, height } = canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.font = "12px system-ui, sans-serif";
  return { context, width, height };
}

// The range of all iterations of one state, in whole powers of ten, so that they can be compared.
function range(state) {
  const logs = records.flatMap((one) => one.norms[state])
    .filter((value) => typeof value === "number" && value > 0).map(Math.log10);
  if (!logs.length) return [-1, 0];
  const high = Math.ceil(logs.reduce((a, b) => Math.max(a, b)));
  const low = Math.floor(logs.reduce((a, b) => Math.min(a, b)));
  return [Math.min(low, high - 1), high];
}

const power = (k) => (k >= -3 && k <= 3 ? String(10 ** k) : `1e${k}`);

function ticks(context, count, across, y) {
  const every = Math.max(1, Math.ceil(count / 12));
  context.textAlign = "center";
  for (let t = 0; t < count; t += every) context.fillText(String(t), across(t + 0.5), y);
}

function drawBars(state, number) {
  const { context, width, height } = clear($("bars"));
  const values = records[number].norms[state];
  const [low, high] = range(state);
  const foot = height - FOOT, each = (width - LEFT - 8) / Math.max(values.length, 1);
  const up = (log) => foot - ((log - low) / (high - low)) * (foot - TOP);
  context.strokeStyle = colour("--line");
  context.fillStyle = colour("--muted");
  context.textAlign = "right";
  const every = Math.max(1, Math.ceil((high - low) / 6));
  for (let k = high; k >= low; k -= every) {
    context.beginPath();
    context.moveTo(LEFT, up(k));
    context.lineTo(width - 8, up(k));
    context.stroke();
    context.fillText(power(k), LEFT - 6, up(k) + 4);
  }
  ticks(context, values.length, (t) => LEFT + t * each, height - 6);
  values.forEach((value, t) => {
    const x = LEFT + t * each + each * 0.1, wide = Math.max(each * 0.8, 0.5);
    if (typeof value !== "number") {
      context.fillStyle = context.strokeStyle = colour("--alarm");
      context.fillRect(x, TOP + 14, wide, foot - TOP - 14);
      context.textAlign = "center";
      context.fillText("×", x + wide / 2, TOP + 10);
    } else if (value > 0) {
      context.fillStyle = colour("--bar");
      const y = up(Math.log10(value));
      context.fillRect(x, y, wide, Math.max(foot - y, 1));
    } else {
      context.fillStyle = colour("--muted");
      for (let k = 0; k < wide; k += 4) context.fillRect(x + k, foot - 6, 1.5, 6);
    }
  });
}

function drawMap(state, number) {
  const { context, width, height } = clear($("map"));
  const [low, high] = range(state);
  const count = Math.max(...records.map((one) => one.norms[state].length));
  const each = (width - LEFT - 8) / count, tall = (height - FOOT - TOP) / records.length;
  const bar = colour("--bar"), alarm = colour("--alarm");
  records.forEach((one, row) => {
    one.norms[state].forEach((value, t) => {
      const finite = typeof value === "number";
      if (finite && value <= 0) return;
      context.globalAlpha = finite ? 0.06 + 0.94 * ((Math.log10(value) - low) / (high - low)) : 1;
      context.fillStyle = finite ? bar : alarm;
      const x = Math.floor(LEFT + t * each), y = Math.floor(TOP + row * tall);
      const right = Math.floor(LEFT + (t + 1) * each), end = Math.floor(TOP + (row + 1) * tall);
      context.fillRect(x, y, right - x, Math.max(end - y, 1));
    });
  });
  context.globalAlpha = 1;
  context.fillStyle = colour("--muted");
  context.textAlign = "right";
  const every = Math.max(1, Math.ceil(records.length / Math.max(1, (height - FOOT) / 24)));
  for (let row = 0; row < records.length; row += every) {
    context.fillText(String(records[row].iteration), LEFT - 6, TOP + (row + 0.5) * tall + 4);
  }
  ticks(context, count, (t) => LEFT + t * each, height - 6);
  context.strokeStyle = colour("--ink");
  context.lineWidth = 1.5;
  context.strokeRect(LEFT, TOP + number * tall, each * count, tall);
}

function show() {
  const number = Number($("at").value), state = Number($("state").value);
  const one = records[number];
  $("said").textContent = one.said;
  $("now").textContent = `${one.iteration}, loss ${one.loss}`;
  $("at").setAttribute("aria-valuetext", `iteration ${one.iteration}`);
  $("bars").setAttribute("aria-label", `${states[state]} at iteration ${one.iteration}. ${one.said}`);
  $("map").setAttribute("aria-label", `${states[state]}, all ${records.length} iterations`);
  drawBars(state, number);
  drawMap(state, number);
}

states.forEach((name, k) => {
  const option = document.createElement("option");
  option.value = String(k);
  option.textContent = name;
  $("state").append(option);
});
$("state").value = String(states.length - 1);
$("at").max = String(records.length - 1);
$("at").addEventListener("input", show);
$("state").addEventListener("change", show);
$("map").addEventListener("click", (event) => {
  const { top, height } = $("map").getBoundingClientRect();
  const row = Math.floor(((event.clientY - top - TOP) / (height - FOOT - TOP)) * records.length);
  $("at").value = String(Math.min(Math.max(row, 0), records.length - 1));
  show();
});
window.addEventListener("resize", show);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
show();
