// The tests under Python for the browser: Pyodide in Node.js, with the Graphviz that a page lends.
//
//   node tests/pyodide/run.mjs out/vendor [N K] [pytest arguments]    part K of N of the files
//
// `make pyodide` prepares the folder and runs two parts at once. What is left out, and why,
// stands in left-out.txt; the arguments name other tests than all.

import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, ...rest] = process.argv.slice(2);
const vendor = resolve(folder);
const named = (prefix) => join(vendor, readdirSync(vendor).find((name) => name.startsWith(prefix)));
const home = named("pyodide-");
const { loadPyodide } = await import(pathToFileURL(join(home, "pyodide.mjs")));
const { Graphviz } = await import(pathToFileURL(join(named("wasm-graphviz-"), "dist", "index.js")));

const python = await loadPyodide({ indexURL: home, packages: ["numpy", "matplotlib"], env: { HOME: "/tmp", OPENBLAS_NUM_THREADS: "1" } });
for (const name of readdirSync(join(vendor, "wheels"))) {
  if (name.endsWith(".whl")) {
    python.unpackArchive(new Uint8Array(readFileSync(join(vendor, "wheels", name))), "wheel",
      { extractDir: "/lib/python3.12/site-packages" });
  }
}
python.registerJsModule("wasm_graphviz", await Graphviz.load());
python.FS.mkdir("/checkout");
python.FS.mount(python.FS.filesystems.NODEFS, { root: resolve(import.meta.dirname, "../..") }, "/checkout");
python.globals.set("arguments", python.toPy(rest));
python.runPython("import sys; sys.path.insert(0, '/checkout'); sys.dont_write_bytecode = True");
process.exitCode = python.runPython(
  readFileSync(join(import.meta.dirname, "in_pyodide.py"), "utf-8"), { filename: "in_pyodide.py" });
