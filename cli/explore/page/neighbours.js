import { colorOf } from "./colors.js";
import { at, element, thumbnail } from "./elements.js";
import { nearestOf, SHOWN } from "./state.js";

/**
 * @typedef {import("./data.js").Library} Library
 * @typedef {import("./data.js").Network} Network
 * @typedef {import("./state.js").State} State
 */

export const TITLES = { student: "Student", teacher: "Teacher", initial: "Student before training" };

/**
 * Shows what is selected, and what each network finds for it.
 *
 * @param {Library} library
 * @param {import("./state.js").Store} store
 */
export function showNeighbours(library, store) {
  store.on(["selected", "own"], (state) => {
    showQuery(library, state);
    const place = focusedPlace();
    at("rows").replaceChildren(...library.networks.map((network) => rowOf(library, network, store)));
    if (place) focusPlace(place);
  });
}

/** Which of the thumbnails, which are about to be made anew, the keys are at; null: none. */
function focusedPlace() {
  const row =
    /** @type {HTMLElement | null} */ (document.activeElement?.closest("#rows [data-network]") ?? null);
  return row && { network: row.dataset.network, index: thumbnailsOf(row).indexOf(document.activeElement) };
}

/** @param {{ network: string | undefined, index: number }} place */
function focusPlace({ network, index }) {
  const found = thumbnailsOf(document.querySelector(`#rows [data-network=${network}]`));
  /** @type {HTMLElement | undefined} */ (found[Math.min(index, found.length - 1)])?.focus({
    preventScroll: true,
  });
}

/**
 * @param {Element | null} row
 * @returns {(Element | null)[]}
 */
function thumbnailsOf(row) {
  return [...row?.querySelectorAll(".thumbnail") ?? []];
}

/**
 * @param {Library} library
 * @param {State} state
 */
function showQuery(library, { selected, own }) {
  const { record } = library;
  const picture = /** @type {HTMLImageElement} */ (at("query-picture"));
  if (selected === "own") {
    picture.src = own?.url ?? "";
    at("query-name").textContent = own?.name ?? "";
    at("query-class").textContent = "Your picture. It stays in this browser.";
    return;
  }
  picture.src = library.thumbnail(selected);
  at("query-name").textContent = record.names[selected];
  const label = record.labels[selected],
    group = record.groups.length > 1 ? record.groups[record.group[selected]] : "";
  at("query-class").textContent = [label === null ? "" : record.classes[label], group].filter(Boolean).join(
    " · ",
  );
}

/**
 * @param {Library} library
 * @param {Network} network
 * @param {import("./state.js").Store} store
 */
function rowOf(library, network, store) {
  const { state } = store, found = nearestOf(library, state, network.id);
  const head = element("h3", {}, TITLES[network.id], element("span", { class: "quiet" }, network.name));
  const row = element("section", { class: "row", "data-network": network.id }, head);
  if (!found) {
    row.append(element("p", { class: "quiet waiting" }, whyNothing(network, state)));
    return row;
  }
  const taught = network.id === "teacher" ? null : nearestOf(library, state, "teacher");
  const teachers = new Set(taught ? Array.from(taught.indices).slice(0, SHOWN) : []);
  const indices = Array.from(found.indices).slice(0, SHOWN), { labels, classes } = library.record;
  row.append(element("p", { class: "quiet" }, ...summary(library, state, indices, teachers)));
  const grid = element("div", { class: "thumbnails" });
  indices.forEach((index, i) => {
    const cosine = found.similarities[i], shared = teachers.has(index);
    const options = {
      caption: cosine.toFixed(2),
      says: `similarity ${cosine.toFixed(3)}${shared ? ", also the teacher's" : ""}`,
      mark: shared,
      color: colorOf(labels[index], classes.length),
    };
    const button = thumbnail(library, index, options, () => store.set({ selected: index }));
    button.dataset.similarity = String(cosine);
    grid.append(button);
  });
  row.append(grid);
  return row;
}

/**
 * Tells how much of a network is there, where its answer is waited for.
 *
 * @param {Network["id"]} id
 * @param {number} loaded In 0..1.
 */
export function tellLoading(id, loaded) {
  const waiting = document.querySelector(`[data-network=${id}] .waiting`);
  if (waiting) waiting.textContent = `Loads the network: ${Math.round(100 * loaded)} % …`;
}

/**
 * @param {Network} network
 * @param {State} state
 */
function whyNothing({ id, runs }, { own }) {
  if (runs && own?.problem) return `It found nothing: ${own.problem}`;
  return runs
    ? "Looks …"
    : `The ${id} does not run in the browser. Press a picture to see what it finds for that.`;
}

/**
 * How many are of the picture's class, and how many the teacher has too.
 *
 * @param {Library} library
 * @param {State} state
 * @param {number[]} indices
 * @param {Set<number>} teachers
 * @returns {(Node | string)[]}
 */
function summary({ record: { labels, classes } }, { selected }, indices, teachers) {
  const told = [], label = selected === "own" ? null : labels[selected];
  if (label !== null) {
    const same = indices.filter((index) => labels[index] === label).length;
    told.push(`${same} of ${indices.length} ${same === 1 ? "is" : "are"} ${classes[label]}`);
  } else if (labels[indices[0]] !== null) told.push(majority(indices, labels, classes));
  if (!teachers.size) return told;
  const count = indices.filter((index) => teachers.has(index)).length;
  const words = element(
    "span",
    { class: "shared-word" },
    `${count} ${count === 1 ? "is" : "are"} the teacher’s too`,
  );
  return told.length ? [told[0], " · ", words] : [words];
}

/**
 * @param {number[]} indices
 * @param {(number | null)[]} labels
 * @param {string[]} classes
 */
function majority(indices, labels, classes) {
  const counts = new Map();
  for (const index of indices) counts.set(labels[index], (counts.get(labels[index]) ?? 0) + 1);
  const [label, count] = [...counts].reduce((most, next) => next[1] > most[1] ? next : most);
  return `${count} of ${indices.length} ${count === 1 ? "is" : "are"} ${classes[label]}`;
}
