/**
 * Moves and zooms the map by mouse, fingers and keys. One finger up or down scrolls the page, as it does elsewhere.
 *
 * @typedef {{ x: number, y: number }} Point
 *
 * @typedef {object} MapActions
 * @property {(x: number, y: number) => void} move
 * @property {(factor: number, at?: Point) => void} zoom
 * @property {() => void} reset
 * @property {(at: Point) => void} press
 * @property {(at: Point | null) => void} point Null: away.
 * @property {(direction: Point) => void} step
 */
import { at } from "./elements.js";
import { ARROWS } from "./map_points.js";

/** Pixels that a press may move. */
const STILL = 5;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {MapActions} actions
 */
export function listen(canvas, actions) {
  listenToPointers(canvas, actions);
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    actions.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), {
      x: event.offsetX,
      y: event.offsetY,
    });
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = /** @type {keyof typeof ARROWS} */ (event.key);
    if (key in ARROWS) actions.step(ARROWS[key]);
    else if (event.key === "+" || event.key === "=") actions.zoom(1.4);
    else if (event.key === "-") actions.zoom(1 / 1.4);
    else if (event.key === "0") actions.reset();
    else return;
    event.preventDefault();
  });
  at("zoom-in").addEventListener("click", () => actions.zoom(1.6));
  at("zoom-out").addEventListener("click", () => actions.zoom(1 / 1.6));
  at("zoom-all").addEventListener("click", actions.reset);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {MapActions} actions
 */
function listenToPointers(canvas, actions) {
  /** @type {Map<number, Point>} */
  const down = new Map();
  let moved = 0;
  canvas.addEventListener("pointerdown", (event) => {
    if (down.size === 0) moved = 0;
    down.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const now = { x: event.offsetX, y: event.offsetY }, before = down.get(event.pointerId);
    if (!before) return actions.point(now);
    const others = [...down].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    moved += Math.hypot(now.x - before.x, now.y - before.y);
    down.set(event.pointerId, now);
    if (moved < STILL) return;
    actions.point(null);
    const share = 1 / down.size; // two fingers move it together
    actions.move(share * (now.x - before.x), share * (now.y - before.y));
    if (others.length === 1) {
      actions.zoom(apart(now, others[0]) / apart(before, others[0]), middle(now, others[0]));
    }
  });
  const up = (/** @type {PointerEvent} */ event) => {
    const isPress = event.type === "pointerup" && moved < STILL && down.size === 1;
    down.delete(event.pointerId);
    if (isPress) actions.press({ x: event.offsetX, y: event.offsetY });
  };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("pointerleave", ({ pointerType }) => {
    if (pointerType === "mouse") actions.point(null);
  });
}

/**
 * @param {Point} a
 * @param {Point} b
 */
function apart(a, b) {
  return Math.max(1, Math.hypot(a.x - b.x, a.y - b.y));
}

/**
 * @param {Point} a
 * @param {Point} b
 */
function middle(a, b) {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
