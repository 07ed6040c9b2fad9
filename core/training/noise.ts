import { Random } from "../random.ts";
import type { Student } from "../interfaces/student.ts";
import { tf } from "../tf.ts";

/**
 * The random numbers of a step's training passes: the same for the same seed and step, whatever ran before.
 *
 * @param shape `[images of all views, numbers an image]`.
 * @returns float32 in 0..1.
 */
export function stepNoise(
  shape: [number, number],
  { seed, step }: { seed: number; step: number },
): tf.Tensor2D {
  const random = new Random(seed, "drop", step), values = new Float32Array(shape[0] * shape[1]);
  for (let i = 0; i < values.length; i++) values[i] = random.uniform(); // a loop: there are many
  return tf.tensor2d(values, shape);
}

/**
 * Deals a step's random numbers out.
 *
 * @param hasOwn Whether the second half is for networks of the objectives' own; else all are the student's.
 */
export function dealNoise(
  noise: tf.Tensor2D,
  hasOwn: boolean,
): { student: tf.Tensor2D; own: tf.Tensor2D | undefined } {
  if (!hasOwn) return { student: noise, own: undefined };
  const [student, own] = tf.split(noise, 2) as tf.Tensor2D[];
  return { student, own };
}

/**
 * A student whose passes in training take their random numbers from `noise`, each the rows that come next.
 *
 * @param noise `[images of all passes, student.noisePerImage]`.
 */
export function noisyStudent(student: Student, noise: tf.Tensor2D): Student {
  let used = 0;
  const forward: Student["forward"] = (images, options) => {
    if (!options.training) return student.forward(images, options);
    const start = used;
    used += images.shape[0];
    if (used > noise.shape[0]) {
      throw new RangeError(
        `The objective trains the student on ${used} images or more in a step, ` +
          `but there are random numbers for the ${noise.shape[0]} of its views; run it once a view at most`,
      );
    }
    return student.forward(images, { ...options, noise: noise.slice([start, 0], [images.shape[0], -1]) });
  };
  const { network, featureDim, embeddingDim, mean, std, parameters, noisePerImage } = student;
  const facts = { network, featureDim, embeddingDim, mean, std, parameters, noisePerImage };
  return { ...facts, forward, [Symbol.dispose]: () => student[Symbol.dispose]() };
}
