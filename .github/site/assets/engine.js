// The page's side of the worker: one question at a time, a new worker after one that died.

export class EngineError extends Error {}

const NO_WASM = "This browser runs no WebAssembly, which Python needs here: use a current Firefox, "
  + "Chrome, Edge or Safari, or install the command (see the guide).";
const FROM_FILE = "Opened as a file, a page may not start Python: in the site's folder run "
  + "“python3 -m http.server” and open http://localhost:8000.";
const DIED = "Python stopped here, most likely for want of memory; it is being started anew. "
  + "Ask for fewer steps or a smaller hidden size.";
const OFFLINE = "Python could not be loaded; the connection seems to be down. Reload the page when "
  + "it is back.";

export class Engine {
  /** told(words, share) hears what is going on; share is of the loading, or null. */
  constructor(told) {
    this.told = told;
    this.waiting = new Map();
    this.loading = false;
    this.count = 0;
    this.ready = this.start();
    this.ready.catch(() => {}); // whoever awaits it hears of it
  }

  start() {
    if (typeof WebAssembly !== "object" || typeof Worker !== "function") {
      return Promise.reject(new EngineError(NO_WASM));
    }
    if (location.protocol === "file:") return Promise.reject(new EngineError(FROM_FILE));
    this.worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => this.hear(data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.die(navigator.onLine ? DIED : OFFLINE);
    };
    this.loading = true;
    return this.post("load", {}).then(
      (loaded) => { this.loading = false; return loaded; },
      (error) => {
        const network = /Failed to fetch|NetworkError|cannot be loaded|dynamically imported/.test(error.message);
        throw network ? new EngineError(`${OFFLINE} (${error.message})`) : error;
      },
    );
  }

  hear(data) {
    if (data.loading) this.told(`Loading ${data.loading}`, data.part / data.of);
    else if (data.progress) this.told(data.progress, null);
    else {
      const { resolve, reject } = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if ("done" in data) resolve(data.done);
      else {
        reject(new EngineError(data.failed));
        if (data.fatal) this.restart();
      }
    }
  }

  post(ask, details) {
    const id = ++this.count;
    const answer = new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    this.worker.postMessage({ id, ask, ...details });
    return answer;
  }

  /** Ask the worker for something; see worker.js for what there is. */
  async ask(ask, details = {}) {
    await this.ready;
    return this.post(ask, details);
  }

  /** End what is being computed, in favour of a new worker. */
  restart(reason = "Stopped.") {
    this.worker?.terminate();
    this.refuse(reason);
    this.ready = this.start();
    this.ready.catch(() => {});
  }

  refuse(reason) {
    for (const { reject } of this.waiting.values()) reject(new EngineError(reason));
    this.waiting.clear();
  }

  die(reason) {
    if (!this.loading) return this.restart(reason);
    this.worker.terminate(); // what could not be loaded once is not tried over and over
    return this.refuse(reason);
  }
}
