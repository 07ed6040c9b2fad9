import { at, counted, element, percent } from "./elements.js";
import { TITLES } from "./neighbours.js";
import { SHOWN } from "./state.js";

/**
 * @typedef {import("./data.js").Library} Library
 * @typedef {import("./data.js").Network} Network
 */

/**
 * Tells how well each network finds, over all pictures of the page.
 *
 * @param {Library} library
 */
export function showFigures(library) {
  const { classes, networks, names, of, size, seed } = library.record, teacher = library.network("teacher");
  const shown = Math.min(SHOWN, library.record.neighbours);
  /** @type {[title: string, figure: (network: Network) => number][]} */
  const columns = [];
  if (classes.length > 1) {
    columns.push(["Nearest is of its class", sameClass(library, 1)]);
    columns.push([`${shown} nearest are of its class`, sameClass(library, shown)]);
  }
  if (teacher && networks.length > 1) {
    columns.push([`${shown} nearest are the teacher’s`, shared(library, shown)]);
  }
  const head = element("tr", {}, element("th", { scope: "col" }, "Network"));
  for (const [title] of columns) head.append(element("th", { scope: "col" }, title));
  const rows = library.networks.map((network) => {
    const title = element("th", { scope: "row" }, TITLES[network.id]);
    const cells = columns.map(([, figure]) => element("td", {}, percent(figure(network))));
    return element("tr", {}, title, ...cells);
  });
  if (columns.length) {
    at("table").append(element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
  } else at("figures-title").textContent = "About this page";
  const chosen = names.length < of
    ? `${counted(names.length)} of ${counted(of)} pictures, chosen by seed ${seed}`
    : `${counted(of)} pictures`;
  at("notes").textContent =
    `${
      columns.length ? `Over ${chosen}, among one another.` : `There are ${chosen}.`
    } Similarity is the cosine of features. The student sees ` +
    `${size} × ${size} pixels of the middle of a picture. What you choose is neither sent nor kept: networks run in this browser.`;
}

/**
 * @param {Library} library
 * @param {number} count
 * @returns {(network: Network) => number} The share of nearest pictures that are of the picture's class.
 */
function sameClass({ count: pictures, record: { labels } }, count) {
  return (network) =>
    mean(pictures, (index) => {
      const nearest = Array.from(network.nearest(index).indices).slice(0, count);
      return nearest.filter((other) => labels[other] === labels[index]).length / nearest.length;
    });
}

/**
 * @param {Library} library
 * @param {number} count
 * @returns {(network: Network) => number} The share of nearest pictures that the teacher has too.
 */
function shared(library, count) {
  const teacher = /** @type {Network} */ (library.network("teacher"));
  return (network) =>
    mean(library.count, (index) => {
      const theirs = new Set(Array.from(teacher.nearest(index).indices).slice(0, count));
      return Array.from(network.nearest(index).indices).slice(0, count).filter((other) => theirs.has(other))
        .length / theirs.size;
    });
}

/**
 * @param {number} count
 * @param {(index: number) => number} of
 */
function mean(count, of) {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += of(i);
  return sum / count;
}
