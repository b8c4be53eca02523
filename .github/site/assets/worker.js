// The engine in a thread of its own: Python (Pyodide), NumPy, this project's wheel, and Graphviz.
// It is asked one thing at a time, {id, ask, ...}, and answers {id, done} or {id, failed}, a
// sentence; meanwhile it tells {loading} or {progress} in words.

let python;
let engine; // the namespace of engine.py

const tell = (message) => self.postMessage(message);

function progress(line) {
  const words = line.replace(/^\d\d:\d\d:\d\d\s+/, "").trim();
  if (words) tell({ progress: words });
}

async function fetched(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} cannot be loaded (${answer.status})`);
  return answer;
}

async function load() {
  const began = performance.now();
  const phases = {};
  const phase = (name) => { phases[name] = Math.round(performance.now() - began); };
  const runtime = await (await fetched("../runtime.json")).json();
  const at = (path) => new URL(path, new URL("..", self.location)).href;

  tell({ loading: "Python and NumPy", part: 0.5, of: 3 });
  const wheels = Promise.all(
    runtime.wheels.map(async (path) => (await fetched(at(path))).arrayBuffer()),
  );
  const graphviz = import(at(runtime.graphviz)).then(({ Graphviz }) => Graphviz.load());
  const [source, { loadPyodide }] = await Promise.all([
    fetched("engine.py").then((answer) => answer.text()),
    import(at(`${runtime.pyodide}pyodide.mjs`)),
  ]);
  python = await loadPyodide({ indexURL: at(runtime.pyodide), packages: ["numpy"] });
  phase("python");

  tell({ loading: "the engine", part: 2, of: 3 });
  for (const wheel of await wheels) python.unpackArchive(wheel, "wheel");
  python.registerJsModule("wasm_graphviz", await graphviz);
  python.setStderr({ batched: progress });
  engine = python.globals.get("dict")();
  python.runPython(source, { globals: engine });
  phase("engine");

  tell({ loading: "all is here", part: 3, of: 3 });
  return { phases, versions: engine.get("versions")().toJs({ dict_converter: Object.fromEntries }) };
}

/** Ask engine.py; its answer, or the sentence that it gives instead. */
function asked(...words) {
  const { done, failed } = engine.get("answer")(...words).toJs({ dict_converter: Object.fromEntries });
  if (failed) throw Object.assign(new Error(failed), { told: true });
  return done;
}

async function packages({ names }) {
  tell({ progress: `loading ${names.join(", ")}` });
  await python.loadPackage(names, { messageCallback() {}, errorCallback() {} });
  return true;
}

// What can be asked; each returns what is posted back.
const answers = {
  load,
  packages,
  draw: ({ options, file }) => asked("draw", options, file),
  write: ({ form }) => asked("write", form),
  cell: ({ code }) => asked("cell", code),
  async chart() {
    await packages({ names: ["matplotlib"] });
    tell({ progress: "drawing the chart" });
    return asked("chart");
  },
};

// What WebAssembly says of itself, in the reader's words.
function sentence(error, ask) {
  const said = String(error.message ?? error);
  if (error.told || ask === "load") return said;
  return "Python broke off, most likely for want of memory: ask for fewer steps or a smaller hidden "
    + `size (${said.trim().split("\n").at(-1)}).`;
}

self.onmessage = async ({ data: { id, ask, ...details } }) => {
  try {
    tell({ id, done: await answers[ask](details) });
  } catch (error) {
    const fatal = ask !== "load" && !error.told; // what else is thrown leaves no Python to go on with
    tell({ id, failed: sentence(error, ask), fatal });
  }
};
