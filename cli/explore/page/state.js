/**
 * What the visitor has chosen, and who wants to know of it.
 *
 * @typedef {import("./nearest.js").Nearest} Nearest
 * @typedef {import("./data.js").NetworkId} NetworkId
 * @typedef {import("./data.js").MapKind} MapKind
 *
 * @typedef {Nearest & { place: [number, number], milliseconds: number }} Found `place` is that on the map of PCA.
 *
 * @typedef {object} Own A picture of the visitor's.
 * @property {Blob} file
 * @property {string} name
 * @property {string} url To show it by.
 * @property {Partial<Record<NetworkId, Found>>} found What networks have found until now.
 * @property {string | null} problem Why the others will find nothing; null: they may.
 *
 * @typedef {object} State
 * @property {number | "own"} selected A picture of the library, or the visitor's.
 * @property {Own | null} own
 * @property {NetworkId} network Whose map is shown.
 * @property {MapKind} kind
 * @property {"pictures" | "dots"} look
 * @property {Uint8Array | null} matches 1 for each picture that is searched for; null: nothing is.
 */

export class Store {
  /** @type {((state: State, before: State) => void)[]} */
  #listeners = [];

  /** @param {State} state */
  constructor(state) {
    this.state = state;
  }

  /** @param {Partial<State>} change */
  set(change) {
    const before = this.state;
    this.state = { ...before, ...change };
    for (const listener of this.#listeners) listener(this.state, before);
  }

  /**
   * Calls at once, and after each change of one of the keys.
   *
   * @param {(keyof State)[]} keys
   * @param {(state: State, before: State | null) => void} listener
   */
  on(keys, listener) {
    this.#listeners.push((state, before) => {
      if (keys.some((key) => state[key] !== before[key])) listener(state, before);
    });
    listener(this.state, null);
  }
}

/** Of each row so many nearest are shown. */
export const SHOWN = 10;

/**
 * What a network finds for what is selected; null: it has not looked, or does not run here.
 *
 * @param {import("./data.js").Library} library
 * @param {State} state
 * @param {NetworkId} id
 * @returns {Nearest | null}
 */
export function nearestOf(library, { selected, own }, id) {
  if (selected === "own") return own?.found[id] ?? null;
  return library.network(id)?.nearest(selected) ?? null;
}
