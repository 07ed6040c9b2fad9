/**
 * The page: pictures, what networks find most like one of them, and maps of all.
 *
 * @module
 */
import { Library } from "./data.js";
import { at, counted } from "./elements.js";
import { showFigures } from "./figures.js";
import { showMap } from "./map.js";
import { showNeighbours, tellLoading } from "./neighbours.js";
import { takePictures } from "./pick.js";
import { showSearch } from "./search.js";
import { SHOWN, Store } from "./state.js";
import { Networks } from "./student.js";

const say = (/** @type {string} */ text) => at("status").textContent = text;

async function open() {
  const library = await Library.load(), { record } = library, student = library.networks[0];
  at("run").textContent = document.title = record.run;
  const teacher = library.network("teacher"), taught = teacher ? `, taught by ${teacher.name}` : "";
  at("about").textContent = `${student.name}${taught} · ${counted(library.count)} pictures`;
  const store = new Store({
    ...{ selected: indexOf(location.hash, library) ?? 0, own: null },
    ...{ network: "student", kind: "umap", look: "pictures", matches: null },
  });
  at("page").hidden = false;
  at("unopened").hidden = true;
  showNeighbours(library, store);
  showMap(library, store);
  showSearch(library, store);
  showFigures(library);
  followHistory(library, store);
  const networks = new Networks(tellLoading);
  takePictures((file) => look(library, store, networks, file), say);
  networks.prepare("student").catch(({ message }) => say(`The student cannot run here: ${message}`));
  document.documentElement.dataset.ready = "true";
}

/**
 * Has the networks that run here look at a file, the student first.
 *
 * @param {Library} library
 * @param {Store} store
 * @param {Networks} networks
 * @param {File} file
 */
async function look(library, store, networks, file) {
  const before = store.state.own, started = performance.now(), k = Math.min(SHOWN, library.record.neighbours);
  const url = URL.createObjectURL(file),
    own = { file, name: file.name || "A pasted picture", url, found: {}, problem: null };
  store.set({ selected: "own", own });
  say("Looks …");
  if (before) URL.revokeObjectURL(before.url);
  for (const { id } of library.networks.filter(({ runs }) => runs)) {
    try {
      const found = await networks.find(id, file, k), now = store.state.own;
      if (now?.file !== file) return; // another picture was chosen meanwhile
      store.set({ own: { ...now, found: { ...now.found, [id]: found } } });
      if (id === "student") say(`Found in ${Math.round(performance.now() - started)} ms, in this browser`);
    } catch (error) {
      const { message } = /** @type {Error} */ (error), now = store.state.own;
      if (now?.file !== file) return;
      store.set({ own: { ...now, problem: message } });
      say(`${own.name}: ${message}`);
      return;
    }
  }
}

/**
 * The picture that an address names: the first if it names nothing; null: none.
 *
 * @param {string} hash
 * @param {Library} library
 */
function indexOf(hash, { count }) {
  const [, digits] = (hash || "#0").match(/^#(\d+)$/) ?? [], index = Number(digits);
  return index < count ? index : null;
}

/**
 * The browser's Back goes to what was selected before, and addresses can be passed on.
 *
 * @param {Library} library
 * @param {Store} store
 */
function followHistory(library, store) {
  store.on(["selected"], ({ selected, own }, before) => {
    if (before === null) return;
    const isThere = selected === "own"
      ? location.hash === "#own"
      : indexOf(location.hash, library) === selected;
    if (!isThere) location.hash = String(selected);
    say(
      selected === "own"
        ? own?.name ?? ""
        : `${library.record.names[selected]}, ${library.className(selected)}`.replace(/, $/, ""),
    );
  });
  addEventListener("hashchange", () => {
    const index = indexOf(location.hash, library);
    if (index !== null) store.set({ selected: index });
    else if (location.hash === "#own" && store.state.own) store.set({ selected: "own" });
  });
}

open().catch((error) => {
  at("unopened").textContent = `This page cannot be opened: ${error.message}.`;
});
