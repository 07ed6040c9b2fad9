/**
 * Pictures as points of the screen.
 *
 * @typedef {{ x: number, y: number }} Point
 */

/**
 * The picture at a point; of several that which is drawn last.
 *
 * @param {readonly Point[]} points In the order of drawing.
 * @param {Point} at
 * @param {number} reach Pixels.
 * @returns {number | null}
 */
export function pictureAt(points, at, reach) {
  let found = null, least = reach;
  points.forEach((point, i) => {
    const far = Math.max(Math.abs(point.x - at.x), Math.abs(point.y - at.y));
    if (far > least) return;
    least = far;
    found = i;
  });
  return found;
}

/** Directions of the arrow keys. */
export const ARROWS = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/**
 * The picture that lies next to one in a direction: near, and not far beside.
 *
 * @param {readonly Point[]} points
 * @param {number} from
 * @param {Point} direction Of length 1 along an axis.
 * @returns {number | null} Null: nothing lies there.
 */
export function nextTo(points, from, direction) {
  let found = null, least = Infinity;
  points.forEach((point, i) => {
    const x = point.x - points[from].x, y = point.y - points[from].y;
    const ahead = x * direction.x + y * direction.y,
      beside = Math.abs(x * direction.y) + Math.abs(y * direction.x);
    if (ahead <= 1e-3 || beside > ahead) return;
    const far = ahead + 2 * beside;
    if (far >= least) return;
    least = far;
    found = i;
  });
  return found;
}
