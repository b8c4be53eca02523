// Settings: as options of the command line, as a link, how long they take; and reading a file.

const NUMBERS = ["steps", "hidden", "layers", "forget-bias", "update-bias", "seed"];
const WORDS = ["detail", "loss"];
const LINKED = 4000; // characters of text that a link carries
const LARGEST = 4_000_000; // bytes of a file that are read

/** Whether it is a table of numbers: a .csv, or lines of numbers parted by commas. */
export function isTable(text, name = "") {
  if (/\.csv$/i.test(name)) return true;
  const lines = text.trim().split("\n").slice(0, 50);
  const number = (cell) => Number.isFinite(Number(cell)) || /^\s*[+-]?(inf|infinity|nan)\s*$/i.test(cell);
  const numbers = (line) => line.split(",").every((cell) => cell.trim() && number(cell));
  return lines.length > 1 && (lines.every(numbers) || (lines.length > 2 && lines.slice(1).every(numbers)));
}

/** The options of the command line; a file's name is left to the engine. */
export function optionsOf(settings) {
  const options = ["--cell", ...settings.cell];
  for (const name of [...NUMBERS, ...WORDS]) {
    if (settings[name] !== undefined && settings[name] !== null) options.push(`--${name}`, settings[name]);
  }
  if (settings.standardise) options.push("--standardise");
  return { options, table: settings.table };
}

export function writeLink(settings) {
  const link = new URLSearchParams();
  link.set("cell", settings.cell.join(","));
  for (const name of [...NUMBERS, ...WORDS]) if (settings[name] !== undefined) link.set(name, settings[name]);
  if (settings.standardise) link.set("standardise", "1");
  const steps = Number(settings.steps) + 1; // more is not read
  const read = settings.table
    ? settings.text.split("\n").slice(0, steps + 1).join("\n")
    : [...settings.text].slice(0, steps).join("");
  if (read.length <= LINKED) link.set("text", read);
  return `#${link}`;
}

export function readLink(hash) {
  const link = new URLSearchParams(hash.replace(/^#/, ""));
  const found = {};
  if (link.has("cell")) found.cell = link.get("cell").split(",");
  for (const name of NUMBERS) {
    if (link.has(name) && Number.isFinite(Number(link.get(name)))) found[name] = link.get(name);
  }
  for (const name of WORDS) if (link.has(name)) found[name] = link.get(name);
  if (link.has("standardise")) found.standardise = true;
  if (link.has("text")) found.text = link.get("text");
  return found;
}

/** About how many seconds a drawing takes, and how many steps take 20 s if that is a minute or more. */
export function estimate({ cell, steps, layers, hidden, detail }) {
  const size = 1 + (Number(hidden) / 128) ** 2;
  const each = cell.length * Number(layers) * size * { op: 0.02, gate: 0.012, cell: 0.01, step: 0.01 }[detail];
  const seconds = 1 + each * Number(steps);
  return { seconds, fewer: seconds >= 60 ? Math.max(1, Math.floor(20 / each)) : 0 };
}

/** The text of a file, or of its beginning up to the end of a line. */
export async function cut(file) {
  const bytes = new Uint8Array(await file.slice(0, LARGEST).arrayBuffer());
  const whole = file.size <= LARGEST;
  const end = whole ? bytes.length : bytes.lastIndexOf(10) + 1 || bytes.length;
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, end));
  } catch {
    throw new Error(`${file.name} is not UTF-8 text: save it as UTF-8 and try again.`);
  }
  if (!text.trim()) throw new Error(`${file.name} is empty: choose a file with text in it.`);
  const megabytes = (size) => `${(size / 1e6).toFixed(0)} MB`;
  const note = whole ? "" : `Of its ${megabytes(file.size)} the first ${megabytes(end)} are read.`;
  return { text, note };
}
