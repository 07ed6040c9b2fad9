import { colorOf } from "./colors.js";
import { at, choice, element } from "./elements.js";
import { listen } from "./map_input.js";
import { nextTo, pictureAt } from "./map_points.js";
import { drawMap } from "./map_drawing.js";
import { boundsOf, MapView } from "./map_view.js";
import { TITLES } from "./neighbours.js";

/**
 * @typedef {import("./data.js").Library} Library
 * @typedef {import("./state.js").Store} Store
 * @typedef {import("./state.js").State} State
 */

/** Milliseconds that pictures take from one map to the next. */
const TURN = 500;
const HELP =
  "Drag and scroll, or use two fingers, to move and zoom. With the map in focus, arrow keys go from picture " +
  "to picture, + and − zoom, 0 shows all.";

/**
 * Shows the map of all pictures.
 *
 * @param {Library} library
 * @param {Store} store
 */
export function showMap(library, store) {
  showControls(library, store);
  const map = new PictureMap(library, store);
  for (const image of [...library.sheets, at("query-picture")]) {
    image.addEventListener("load", () => map.draw());
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => map.draw());
  new ResizeObserver(() => map.resize()).observe(at("map-frame"));
  store.on(["network", "kind"], (state, before) => map.turnTo(placesOf(library, state), before !== null));
  store.on(["selected", "own", "look", "matches"], () => map.draw());
}

/**
 * @param {Library} library
 * @param {Store} store
 */
function showControls(library, store) {
  const { network, kind, look } = store.state;
  const networks = library.networks.map((
    { id },
  ) => /** @type {const} */ ([id, id === "initial" ? "Before" : TITLES[id]]));
  at("controls").append(
    ...networks.length > 1 ? [choice("Network", networks, network, (network) => store.set({ network }))] : [],
    choice("Map", [["umap", "UMAP"], ["pca", "PCA"]], kind, (kind) => store.set({ kind })),
    choice("Show", [["pictures", "Pictures"], ["dots", "Dots"]], look, (look) => store.set({ look })),
  );
  const { classes } = library.record, legend = element("ul", { id: "legend" });
  if (classes.length > 1 && classes.length <= 12) {
    classes.forEach((name, label) => {
      const dot = element("i", { class: "dot" });
      dot.style.background = colorOf(label, classes.length) ?? "";
      legend.append(element("li", {}, dot, name));
    });
    at("map-frame").after(legend);
  }
  store.on(["network", "kind"], ({ network, kind }) => {
    const { variance } = /** @type {import("./data.js").Network} */ (library.network(network));
    const told = kind === "umap"
      ? "UMAP puts near pictures near; distances across the map mean little."
      : `PCA shows the two directions of most variance: ${
        variance.map((share) => `${(100 * share).toFixed(0)} %`).join(" and ")
      } of it.`;
    at("map-help").textContent = `${told} ${HELP}`;
  });
}

/**
 * @param {Library} library
 * @param {State} state
 */
function placesOf(library, { network, kind }) {
  return /** @type {import("./data.js").Network} */ (library.network(network)).maps[kind];
}

class PictureMap {
  #canvas = /** @type {HTMLCanvasElement} */ (at("map"));
  #view = new MapView();
  /** @type {Float32Array} */
  #places;
  /** @type {number | null} */
  #pointed = null;
  #frame = 0;
  #turn = 0;

  /**
   * @param {Library} library
   * @param {Store} store
   */
  constructor(library, store) {
    this.library = library;
    this.store = store;
    this.#places = placesOf(library, store.state);
    const after = (/** @type {() => void} */ change) => (change(), this.draw());
    listen(this.#canvas, {
      move: (x, y) => after(() => this.#view.move(x, y)),
      zoom: (factor, point) => after(() => this.#view.zoomAt(factor, point)),
      reset: () => after(() => this.#view.reset()),
      point: (point) => this.#point(point && this.#at(point)),
      press: (point) => {
        const index = this.#at(point);
        this.#select(index);
        this.#point(index); // fingers do not point before they press
      },
      step: (direction) => this.#step(direction),
    });
  }

  resize() {
    const { clientWidth, clientHeight } = at("map-frame"), ratio = devicePixelRatio;
    Object.assign(this.#view, { width: clientWidth, height: clientHeight });
    Object.assign(this.#canvas, { width: clientWidth * ratio, height: clientHeight * ratio });
    this.draw();
  }

  /** Draws before the next picture of the screen. */
  draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      const { library, store: { state } } = this;
      drawMap(this.#canvas, {
        library,
        state,
        view: this.#view,
        points: this.#points(),
        pointed: this.#pointed,
        bounds: boundsOf(this.#places),
      });
    });
  }

  /**
   * @param {Float32Array} places
   * @param {boolean} gently
   */
  turnTo(places, gently) {
    cancelAnimationFrame(this.#turn);
    const from = normalized(this.#places), to = normalized(places), began = performance.now();
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const step = () => {
      const share = gently && !isCalm ? Math.min(1, (performance.now() - began) / TURN) : 1,
        eased = share * share * (3 - 2 * share);
      this.#places = share === 1 ? places : to.map((value, i) => from[i] + eased * (value - from[i]));
      this.draw();
      if (share < 1) this.#turn = requestAnimationFrame(step);
    };
    step();
  }

  #points() {
    const bounds = boundsOf(this.#places), points = [];
    for (let i = 0; i < this.#places.length; i += 2) {
      points.push(this.#view.toScreen(this.#places[i], this.#places[i + 1], bounds));
    }
    return points;
  }

  /** @param {{ x: number, y: number }} point */
  #at(point) {
    return pictureAt(this.#points(), point, Math.max(12, this.#view.side(this.library.count) / 2));
  }

  /** @param {number | null} index */
  #point(index) {
    if (index === this.#pointed) return;
    this.#pointed = index;
    this.#canvas.style.cursor = index === null ? "grab" : "pointer";
    const hint = at("hint");
    hint.hidden = index === null;
    if (index !== null) this.#showHint(hint, index);
    this.draw();
  }

  /**
   * @param {HTMLElement} hint
   * @param {number} index
   */
  #showHint(hint, index) {
    const { x, y } = this.#points()[index], { width, height } = this.#view;
    const className = this.library.className(index);
    hint.replaceChildren(
      element("img", { src: this.library.thumbnail(index), alt: "" }),
      element(
        "p",
        {},
        this.library.record.names[index],
        ...className ? [element("span", { class: "quiet" }, className)] : [],
      ),
    );
    // Beside the picture, towards the middle, and inside the frame.
    const place = (/** @type {number} */ at, /** @type {number} */ frame, /** @type {number} */ size) =>
      Math.min(Math.max(6, at > frame / 2 ? at - 16 - size : at + 16), Math.max(6, frame - size - 6));
    const left = place(x, width, hint.offsetWidth), top = place(y, height, hint.offsetHeight);
    hint.style.transform = `translate(${left}px, ${top}px)`;
  }

  /** @param {number | null} index */
  #select(index) {
    if (index !== null) this.store.set({ selected: index });
  }

  /** @param {{ x: number, y: number }} direction */
  #step(direction) {
    const { selected } = this.store.state;
    this.#select(nextTo(this.#points(), selected === "own" ? 0 : selected, direction));
  }
}

/**
 * Places in 0..1, so that maps of other scales turn into one another.
 *
 * @param {Float32Array} places
 */
function normalized(places) {
  const { left, top, width, height } = boundsOf(places);
  return places.map((value, i) => i % 2 ? (value - top) / height : (value - left) / width);
}
