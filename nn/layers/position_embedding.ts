import { BICUBIC, cubic, tf } from "@seed/core";

/**
 * How a publisher interpolates the position embedding of one grid of patches for another. All do it bicubically,
 * by PyTorch's `interpolate` with `align_corners=False`.
 */
export interface PositionInterpolation {
  /** True: each new position takes in all old ones that it covers, as a smaller picture's pixels do. */
  readonly antialias: boolean;
  /** Added to the new grid's side when the scale is taken from it; 0: the scale is that of the two grids. */
  readonly offset: number;
}

/** DINO's, and DINOv2's without registers: the offset once kept a rounding error from losing a row. */
export const OFFSET_INTERPOLATION: PositionInterpolation = { antialias: false, offset: 0.1 };

/** timm's, and DINOv2's with registers. */
export const ANTIALIASED_INTERPOLATION: PositionInterpolation = { antialias: true, offset: 0 };

/** transformers', of networks without registers. */
export const PLAIN_INTERPOLATION: PositionInterpolation = { antialias: false, offset: 0 };

/**
 * Positions for another grid.
 *
 * @param positions `[side * side, width]`, row by row.
 * @returns `[rows * columns, width]`; `positions` itself if the grid is the same.
 */
export function interpolatePositions(
  positions: tf.Tensor2D,
  [rows, columns]: readonly [rows: number, columns: number],
  interpolation: PositionInterpolation,
): tf.Tensor2D {
  const [count, width] = positions.shape, side = Math.sqrt(count);
  if (rows === side && columns === side) return positions;
  return tf.tidy(() => {
    const down = tf.tensor2d(interpolationMatrix(side, rows, interpolation), [rows, side]);
    const across = tf.tensor3d(interpolationMatrix(side, columns, interpolation), [1, columns, side]);
    const lines = tf.matMul(down, tf.reshape(positions, [side, side * width]) as tf.Tensor2D);
    const grid = tf.matMul(across, tf.reshape(lines, [rows, side, width]) as tf.Tensor3D);
    return tf.reshape(grid, [rows * columns, width]);
  });
}

/**
 * The share of each of `from` values, evenly spaced, in each of `to`.
 *
 * @returns `[to, from]`, row-major; rows sum to 1.
 */
export function interpolationMatrix(
  from: number,
  to: number,
  { antialias, offset }: PositionInterpolation,
): Float32Array {
  const scale = from / (to + offset), matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const row = matrix.subarray(i * from, (i + 1) * from), center = (i + 0.5) * scale;
    if (antialias) spread(row, center, Math.max(1, scale));
    else sample(row, center);
  }
  return matrix;
}

/** Four neighbours; the border stands for what lies beyond it. PyTorch's cubic has this parameter here. */
const SAMPLED = cubic(-0.75);

function sample(row: Float32Array, center: number): void {
  const low = Math.floor(center - 0.5);
  for (let x = low - 1; x <= low + 2; x++) {
    row[Math.min(row.length - 1, Math.max(0, x))] += SAMPLED.weight(center - 0.5 - x);
  }
}

/** All within the filter, which is as wide as a new value; the border cuts it off. PIL's parameter. */
function spread(row: Float32Array, center: number, filterScale: number): void {
  const support = BICUBIC.support * filterScale;
  const low = Math.max(0, Math.trunc(center - support + 0.5));
  const high = Math.min(row.length, Math.trunc(center + support + 0.5));
  for (let x = low; x < high; x++) row[x] = BICUBIC.weight((x + 0.5 - center) / filterScale);
  const sum = row.reduce((a, b) => a + b, 0);
  for (let x = low; x < high; x++) row[x] /= sum;
}
