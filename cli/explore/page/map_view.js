/**
 * Where places of a map are on the screen: which part of it is shown, and how large.
 *
 * @typedef {object} Bounds
 * @property {number} left
 * @property {number} top
 * @property {number} width
 * @property {number} height
 */

/** Most that can be zoomed into, and least. */
const MOST = 60, LEAST = 0.5;
/** Pixels around all places. */
const MARGIN = 28;

/**
 * @param {Float32Array} places `[n, 2]`
 * @returns {Bounds}
 */
export function boundsOf(places) {
  const least = [Infinity, Infinity], most = [-Infinity, -Infinity];
  places.forEach((value, i) => {
    least[i % 2] = Math.min(least[i % 2], value);
    most[i % 2] = Math.max(most[i % 2], value);
  });
  const [width, height] = most.map((value, axis) => Math.max(value - least[axis], 1e-6));
  return { left: least[0], top: least[1], width, height };
}

/** Zoom and shift of a map that fits its frame at zoom 1. */
export class MapView {
  zoom = 1;
  /** Pixels that it is shifted by. */
  shift = { x: 0, y: 0 };
  /** Size of the frame in pixels. */
  width = 1;
  height = 1;

  /**
   * Where a place is on the screen.
   *
   * @param {number} x
   * @param {number} y
   * @param {Bounds} bounds Of all places.
   * @returns {{ x: number, y: number }}
   */
  toScreen(x, y, { left, top, width, height }) {
    const across = this.width - 2 * MARGIN, down = this.height - 2 * MARGIN;
    // Both axes fill the frame: maps have no scale of their own, and a phone's frame is tall.
    const u = MARGIN + (x - left) / width * across, v = MARGIN + (1 - (y - top) / height) * down;
    return {
      x: (u - this.width / 2) * this.zoom + this.width / 2 + this.shift.x,
      y: (v - this.height / 2) * this.zoom + this.height / 2 + this.shift.y,
    };
  }

  /**
   * Zooms so that what is at a point of the screen stays there.
   *
   * @param {number} factor
   * @param {{ x: number, y: number }} point
   */
  zoomAt(factor, point = { x: this.width / 2, y: this.height / 2 }) {
    const zoom = Math.min(MOST, Math.max(LEAST, this.zoom * factor)), by = zoom / this.zoom;
    this.shift = {
      x: (point.x - this.width / 2) * (1 - by) + this.shift.x * by,
      y: (point.y - this.height / 2) * (1 - by) + this.shift.y * by,
    };
    this.zoom = zoom;
  }

  /**
   * Moves it, but never out of sight.
   *
   * @param {number} x Pixels.
   * @param {number} y
   */
  move(x, y) {
    const most = { x: this.zoom * this.width / 2, y: this.zoom * this.height / 2 };
    this.shift = {
      x: Math.min(most.x, Math.max(-most.x, this.shift.x + x)),
      y: Math.min(most.y, Math.max(-most.y, this.shift.y + y)),
    };
  }

  reset() {
    this.zoom = 1;
    this.shift = { x: 0, y: 0 };
  }

  /** Side of a picture on the map in pixels: less of many, more where it is looked at closely. */
  side(/** @type {number} */ count) {
    const room = Math.sqrt(this.width * this.height / Math.max(1, count));
    return Math.min(72, Math.min(30, Math.max(9, 0.9 * room)) * Math.max(1, this.zoom) ** 0.6);
  }
}
