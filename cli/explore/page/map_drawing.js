import { colorOf } from "./colors.js";
import { at } from "./elements.js";
import { nearestOf, SHOWN } from "./state.js";

/**
 * @typedef {{ x: number, y: number }} Point
 *
 * @typedef {object} Drawing
 * @property {import("./data.js").Library} library
 * @property {import("./state.js").State} state
 * @property {import("./map_view.js").MapView} view
 * @property {import("./map_view.js").Bounds} bounds
 * @property {Point[]} points
 * @property {number | null} pointed
 */

/** Nearest pictures that the visitor's own is put amid, where a map has no place for it. */
const AMID = 5;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Drawing} drawing
 */
export function drawMap(canvas, drawing) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")),
    { library, state, view, points } = drawing;
  const ratio = canvas.width / view.width, style = getComputedStyle(canvas);
  const colors = {
    ink: style.getPropertyValue("--ink"),
    accent: style.getPropertyValue("--accent"),
    ground: style.getPropertyValue("--ground"),
  };
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  const side = state.look === "dots" ? Math.max(5, view.side(library.count) / 3) : view.side(library.count);
  const order = points.map((_, i) => i), { matches } = state;
  if (matches) order.sort((a, b) => matches[a] - matches[b]);
  for (const index of order) {
    context.globalAlpha = matches && !matches[index] ? 0.12 : 1;
    drawPicture(context, drawing, index, side);
  }
  context.globalAlpha = 1;
  drawSelected(context, drawing, Math.max(side, 14), colors);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Drawing} drawing
 * @param {number} index
 * @param {number} side
 */
function drawPicture(context, { library, state, view, points }, index, side) {
  const { x, y } = points[index], { labels, classes } = library.record;
  if (x < -side || y < -side || x > view.width + side || y > view.height + side) return;
  const color = colorOf(labels[index], classes.length) ?? "#888";
  if (state.look === "dots") {
    context.fillStyle = color;
    context.beginPath();
    context.arc(x, y, side / 2, 0, 2 * Math.PI);
    return context.fill();
  }
  const { sheet, side: tile, ...from } = library.tile(index);
  if (sheet.complete && sheet.naturalWidth) {
    context.drawImage(sheet, from.x, from.y, tile, tile, x - side / 2, y - side / 2, side, side);
  }
  if (classes.length < 2) return;
  context.fillStyle = color;
  context.fillRect(x - side / 2, y + side / 2 - 2, side, 2);
}

/**
 * What is selected, lines to what the map's network finds for it, and what is pointed at.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Drawing} drawing
 * @param {number} side
 * @param {{ ink: string, accent: string, ground: string }} colors
 */
function drawSelected(context, drawing, side, colors) {
  const { library, state, points, pointed } = drawing, { selected } = state;
  const found = nearestOf(library, state, state.network), from = placeOfSelected(drawing);
  if (from && found) {
    const near = Array.from(found.indices).slice(0, SHOWN);
    for (const index of near) line(context, from, points[index], colors);
    for (const index of near) framed(context, drawing, index, side, colors.accent);
  }
  if (pointed !== null) framed(context, drawing, pointed, side + 6, colors.ink);
  if (selected !== "own") return framed(context, drawing, selected, side + 8, colors.ink);
  if (from) drawOwn(context, from, Math.max(32, side + 8), colors.ink);
}

/**
 * Of a picture of the visitor's: its place on the map of PCA, and amid its nearest on UMAP's; null: none is known.
 *
 * @param {Drawing} drawing
 * @returns {Point | null}
 */
function placeOfSelected({ state: { selected, own, network, kind }, points, view, bounds }) {
  if (selected !== "own") return points[selected];
  const found = own?.found[network];
  if (!found) return null;
  if (kind === "pca") return view.toScreen(...found.place, bounds);
  const amid = Array.from(found.indices).slice(0, AMID).map((index) => points[index]);
  const mean = (/** @type {"x" | "y"} */ axis) =>
    amid.reduce((sum, point) => sum + point[axis], 0) / amid.length;
  return { x: mean("x"), y: mean("y") };
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Point} from
 * @param {Point} to
 * @param {{ ink: string, ground: string }} colors
 */
function line(context, from, to, { ink, ground }) {
  for (const [width, color] of /** @type {const} */ ([[3, ground], [1.25, ink]])) {
    context.lineWidth = width;
    context.strokeStyle = color;
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Drawing} drawing
 * @param {number} index
 * @param {number} side
 * @param {string} color
 */
function framed(context, drawing, index, side, color) {
  const { x, y } = drawing.points[index];
  context.fillStyle = color;
  context.fillRect(x - side / 2 - 2.5, y - side / 2 - 2.5, side + 5, side + 5);
  drawPicture(context, { ...drawing, state: { ...drawing.state, look: "pictures" } }, index, side);
}

/**
 * The visitor's picture, framed.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Point} at
 * @param {number} side
 * @param {string} color
 */
function drawOwn(context, { x, y }, side, color) {
  const picture = /** @type {HTMLImageElement} */ (at("query-picture"));
  context.fillStyle = color;
  context.fillRect(x - side / 2 - 3, y - side / 2 - 3, side + 6, side + 6);
  if (!picture.complete || picture.naturalWidth === 0) return;
  const cut = Math.min(picture.naturalWidth, picture.naturalHeight);
  const left = (picture.naturalWidth - cut) / 2, top = (picture.naturalHeight - cut) / 2;
  context.drawImage(picture, left, top, cut, cut, x - side / 2, y - side / 2, side, side);
}
