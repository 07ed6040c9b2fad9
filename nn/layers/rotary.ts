/**
 * Rotary positions of patches (Su et al., 2021), along two axes as DINOv3 has them (`rope_position_encoding.py` and
 * `attention.py` in facebookresearch/dinov3): pairs of a head's numbers are turned by angles that follow from where the
 * patch lies in the picture, whose sides go from -1 to 1 whatever its size.
 *
 * @module
 */
import { tf } from "@seed/core";

/** Turns queries or keys, `[n, tokens, depth]`, each token by its own angles. */
export type Rotation = (x: tf.Tensor3D) => tf.Tensor3D;

/**
 * Periods from 1 to nearly the base, one for each pair of numbers that turn together: `depth / 4` of them, for rows and
 * columns alike.
 */
export function rotaryPeriods(depth: number, base: number): Float32Array {
  return Float32Array.from({ length: depth / 4 }, (_, i) => base ** (4 * i / depth));
}

/**
 * The rotation of tokens of which the first lie nowhere and the others on a grid, row by row.
 *
 * @param leading How many are left as they are.
 */
export function rotation(
  [rows, columns]: readonly [rows: number, columns: number],
  periods: Float32Array,
  leading: number,
): Rotation {
  const depth = 4 * periods.length, half = depth / 2, tokens = leading + rows * columns;
  const cosines = new Float32Array(tokens * depth).fill(1), sines = new Float32Array(tokens * depth);
  for (let token = 0; token < rows * columns; token++) {
    const places = [place(Math.floor(token / columns), rows), place(token % columns, columns)];
    for (let i = 0; i < half; i++) {
      const angle = 2 * Math.PI * places[Math.floor(i / periods.length)] / periods[i % periods.length];
      const at = (leading + token) * depth + i;
      cosines[at] = cosines[at + half] = Math.cos(angle);
      // The first half takes the second's numbers with another sign.
      sines[at] = -(sines[at + half] = Math.sin(angle));
    }
  }
  const shape = [1, tokens, depth] as [number, number, number];
  const cosine = tf.tensor3d(cosines, shape), sine = tf.tensor3d(sines, shape);
  return (x) => {
    const [n] = x.shape;
    const part = (start: number) => tf.slice(x, [0, 0, start], [n, tokens, half]);
    const swapped = tf.concat([part(half), part(0)], 2);
    return tf.add(tf.mul(x, cosine), tf.mul(swapped, sine));
  };
}

/** The middle of a patch, from -1 to 1. */
function place(patch: number, patches: number): number {
  return 2 * (patch + 0.5) / patches - 1;
}
