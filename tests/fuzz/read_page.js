// Reads page data, a path in each line, with the page's own scripts; answers each in a line of JSON.

const { createHash } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { createInterface } = require("node:readline");
const { runInThisContext } = require("node:vm");

const source = ["load.js", "numbers.js", "drawing.js"].map((name) => readFileSync(`${process.argv[2]}/${name}`, "utf8"));
const { inflate, unpool, Numbers, Drawing } = runInThisContext(
  `(() => { ${source.join("\n")}\n return { inflate, unpool, Numbers, Drawing }; })()`,
);

async function read(path) {
  const data = JSON.parse(readFileSync(path, "utf8"));
  const [text, numbers] = await Promise.all([data.drawing, data.numbers].map(inflate));
  const drawing = JSON.parse(new TextDecoder().decode(text));
  const series = unpool(numbers, drawing.series, drawing.order);
  for (const picture of drawing.pictures) {
    for (const one of picture.parameters) one.numbers = new Numbers(series, one, drawing.norms);
    for (const [name, level] of Object.entries(picture.levels)) new Drawing(name, level, series, drawing.norms, picture);
  }
  return createHash("sha256").update(text).update(numbers).digest("hex");
}

const answer = (what) => console.log(JSON.stringify(what));
createInterface({ input: process.stdin }).on("line", (path) => read(path)
  .then((content) => answer({ content }), (error) => answer({ error: error.message || String(error) })));
