import { colorOf } from "./colors.js";
import { at, counted, element, thumbnail } from "./elements.js";

/**
 * @typedef {import("./data.js").Library} Library
 * @typedef {import("./state.js").Store} Store
 */

/** Pictures that are shown at once. */
const PAGE = 48;

/**
 * Finds pictures by a part of their path or class.
 *
 * @param {Library} library
 * @param {Store} store
 */
export function showSearch(library, store) {
  const input = /** @type {HTMLInputElement} */ (at("search")),
    select = /** @type {HTMLSelectElement} */ (at("class"));
  const { classes, labels } = library.record;
  select.hidden = classes.length < 2;
  select.append(element("option", { value: "" }, `All ${classes.length} classes`));
  classes.map((name, label) => ({ name, label })).sort((a, b) => a.name.localeCompare(b.name)).forEach(
    ({ name, label }) => {
      const count = labels.filter((one) => one === label).length;
      select.append(element("option", { value: String(label) }, `${name} (${counted(count)})`));
    },
  );
  const look = () => {
    const matches = matching(library, input.value, select.value === "" ? null : Number(select.value));
    store.set({ matches });
  };
  input.addEventListener("input", look);
  select.addEventListener("change", look);
  showResults(library, store);
}

/**
 * @param {Library} library
 * @param {string} text
 * @param {number | null} label
 * @returns {Uint8Array | null} 1 for each that matches; null if nothing is asked for.
 */
export function matching({ record: { names, labels, classes } }, text, label) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0 && label === null) return null;
  const inClass = classes.map((name) => name.toLowerCase());
  return Uint8Array.from(names, (name, i) => {
    const of = labels[i], whole = `${name.toLowerCase()}\n${of === null ? "" : inClass[of]}`;
    return Number((label === null || of === label) && words.every((word) => whole.includes(word)));
  });
}

/**
 * @param {Library} library
 * @param {Store} store
 */
function showResults(library, store) {
  const more = at("more"), results = at("results"), { labels, classes } = library.record;
  /** @type {number[]} */
  let left = [];
  const add = () => {
    for (const index of left.splice(0, PAGE)) {
      const color = colorOf(labels[index], classes.length), caption = library.className(index);
      results.append(thumbnail(library, index, { caption, color }, () => {
        store.set({ selected: index });
        at("query").scrollIntoView({ block: "nearest" });
      }));
    }
    more.hidden = left.length === 0;
  };
  more.addEventListener("click", () => {
    const shown = results.childElementCount;
    add();
    // The keys go on from the first that came.
    /** @type {HTMLElement | undefined} */ (results.children[shown])?.focus({ preventScroll: true });
  });
  store.on(["matches"], ({ matches }) => {
    results.replaceChildren();
    left = matches ? Array.from(matches.keys()).filter((i) => matches[i]) : [];
    at("found").textContent = matches ? `${counted(left.length)} of ${counted(library.count)} pictures` : "";
    add();
  });
}
