import { tf } from "@seed/core";

/**
 * A map on another grid, bilinearly, as PyTorch's `interpolate` with `align_corners=False` and without antialiasing. A
 * product of matrices, which every engine has with its gradient.
 *
 * @param map `[batch, rows, columns, dim]`.
 * @returns `[batch, toRows, toColumns, dim]`; the map itself if that is its grid.
 */
export function resampled(map: tf.Tensor4D, toRows: number, toColumns: number): tf.Tensor4D {
  const [batch, rows, columns, dim] = map.shape;
  if (rows === toRows && columns === toColumns) return map;
  const vertical = weights(rows, toRows), horizontal = weights(columns, toColumns);
  const matrix = vertical.flatMap((down) =>
    horizontal.map((across) => down.flatMap((a) => across.map((b) => a * b)))
  );
  const places = tf.reshape(tf.transpose(map, [1, 2, 0, 3]), [rows * columns, batch * dim]);
  const moved = tf.reshape(tf.matMul(tf.tensor2d(matrix), places), [toRows, toColumns, batch, dim]);
  return tf.transpose(moved, [2, 0, 1, 3]) as tf.Tensor4D;
}

/** How much of each of `from` places goes into each of `to`. */
function weights(from: number, to: number): number[][] {
  return Array.from({ length: to }, (_, i) => {
    const at = Math.max((i + 0.5) * from / to - 0.5, 0), first = Math.min(Math.floor(at), from - 1);
    const share = at - first, row = Array<number>(from).fill(0);
    row[first] += 1 - share;
    row[Math.min(first + 1, from - 1)] += share;
    return row;
  });
}
