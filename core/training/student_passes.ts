import type { Student, StudentOutput } from "../interfaces/student.ts";
import { tf } from "../tf.ts";

/** How a network is run in training. */
export interface PassOptions {
  /**
   * Parts of the batch, one after the other, whose batch norms see each other not, as if each part were on a device of
   * its own. Running statistics are those of the first part: in published runs, one process's. A divisor of the batch.
   */
  readonly bnSplits: number;
  /** `[batch, noisePerImage]` float32 in 0..1, for a network that takes random numbers. */
  readonly noise?: tf.Tensor2D;
  /** Whether the output's map is wanted; default: false. */
  readonly map?: boolean;
}

/**
 * Runs a network on a batch in training: its batch norms use and update the batch's statistics.
 *
 * @param images `[batch, height, width, 3]` float32 in 0..255.
 * @returns what the network makes of the batch.
 */
export function trainingPass(
  student: Student,
  images: tf.Tensor4D,
  { bnSplits, noise, map = false }: PassOptions,
): StudentOutput {
  if (bnSplits === 1) return student.forward(images, { training: true, noise, map });
  const statistics = student.parameters.filter(({ trainable }) => !trainable).map(({ variable }) => variable);
  const noises = noise ? tf.split(noise, bnSplits) as tf.Tensor2D[] : [];
  let first: tf.Tensor[] = [];
  const outputs = (tf.split(images, bnSplits) as tf.Tensor4D[]).map((part, i) => {
    const output = student.forward(part, { training: true, noise: noises[i], map });
    if (i === 0) first = statistics.map((variable) => tf.clone(variable));
    return output;
  });
  statistics.forEach((variable, i) => variable.assign(first[i]));
  return {
    features: tf.concat(outputs.map(({ features }) => features)),
    embedding: tf.concat(outputs.map(({ embedding }) => embedding)),
    ...map && { map: tf.concat(outputs.map(({ map }) => map!)) },
  };
}
