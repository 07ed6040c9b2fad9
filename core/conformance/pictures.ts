import type { Pixels } from "../interfaces/augmenter.ts";
import { Random } from "../random.ts";
import { tf } from "../tf.ts";

/** A smooth picture: a few waves of colour, other ones for each `index`. */
export function picture(index: number, width: number, height: number): Pixels {
  const random = new Random("picture", index), data = new Uint8Array(width * height * 3);
  const waves = Array.from({ length: 3 }, () => ({
    x: random.uniform(-12, 12) / width,
    y: random.uniform(-12, 12) / height,
    phase: random.uniform(0, 7),
  }));
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (const wave of waves) data[at++] = 128 + 110 * Math.sin(wave.x * x + wave.y * y + wave.phase);
    }
  }
  return { data, width, height };
}

/** Smooth pictures as a batch, `[indices, size, size, 3]` float32 in 0..255, owned by the caller. */
export function pictures(indices: readonly number[], size: number): tf.Tensor4D {
  const values = new Float32Array(indices.length * size * size * 3);
  indices.forEach((index, i) => values.set(picture(index, size, size).data, i * size * size * 3));
  return tf.tensor4d(values, [indices.length, size, size, 3]);
}
