/**
 * The networks that run in this browser, in a worker.
 *
 * @typedef {import("./data.js").NetworkId} NetworkId
 * @typedef {import("./state.js").Found} Found
 */

export class Networks {
  #worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  /** @type {Map<number, PromiseWithResolvers<any>>} */
  #jobs = new Map();
  #next = 0;
  /** @type {Error | null} Why the worker answers nothing any more. */
  #dead = null;

  /** @param {(id: NetworkId, loaded: number) => void} progress Takes which share of a network's weights is there. */
  constructor(progress) {
    this.#worker.addEventListener("message", ({ data }) => {
      if ("loaded" in data) return progress(data.id, data.loaded);
      const job = this.#jobs.get(data.job);
      this.#jobs.delete(data.job);
      if (data.error === undefined) job?.resolve(data.found);
      else job?.reject(new Error(data.error));
    });
    this.#worker.addEventListener("error", ({ message }) => {
      this.#dead = new Error(message || "The worker cannot be loaded");
      for (const { reject } of this.#jobs.values()) reject(this.#dead);
      this.#jobs.clear();
    });
  }

  /**
   * Makes a network ready ahead.
   *
   * @param {NetworkId} id
   * @returns {Promise<void>}
   */
  prepare(id) {
    return this.#ask({ id });
  }

  /**
   * The `k` pictures that a network finds most like a file.
   *
   * @param {NetworkId} id
   * @param {Blob} file
   * @param {number} k
   * @returns {Promise<Found>}
   */
  find(id, file, k) {
    return this.#ask({ id, file, k });
  }

  /** @param {object} message */
  #ask(message) {
    if (this.#dead) return Promise.reject(this.#dead);
    const job = this.#next++;
    /** @type {any} */
    let settle;
    const answer = new Promise((resolve, reject) => settle = { resolve, reject });
    this.#jobs.set(job, { promise: answer, ...settle });
    this.#worker.postMessage({ job, ...message });
    return /** @type {Promise<any>} */ (answer);
  }
}
