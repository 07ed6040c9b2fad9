import { type OptionProblem, type RecipeFacts, type Student, tf } from "@seed/core";

/** Views that are taken apart: losses that look at the same ones get the same parts, and share their passes. */
const PARTS = new WeakMap<tf.Tensor, tf.Tensor4D[]>();

/**
 * A network's embeddings in training, with batch norms that see one part of the batch at a time, as if each were on a
 * device of its own. Running statistics are those of the first part: in the originals, one process's.
 *
 * @param images `[batch, height, width, 3]` float32 in 0..255.
 * @param parts A divisor of the batch.
 * @returns `[batch, embeddingDim]` float32, not normalised.
 */
export function embeddingsInParts(student: Student, images: tf.Tensor4D, parts: number): tf.Tensor2D {
  if (parts === 1) return student.forward(images, { training: true }).embedding;
  const statistics = student.parameters.filter(({ trainable }) => !trainable).map(({ variable }) => variable);
  let first: tf.Tensor[] = [];
  const embeddings = partsOf(images, parts).map((part, i) => {
    const { embedding } = student.forward(part, { training: true });
    if (i === 0) first = statistics.map((variable) => tf.clone(variable));
    return embedding;
  });
  statistics.forEach((variable, i) => variable.assign(first[i]));
  return tf.concat(embeddings);
}

function partsOf(images: tf.Tensor4D, count: number): tf.Tensor4D[] {
  const known = PARTS.get(images);
  if (known?.length === count && !known.some(({ isDisposed }) => isDisposed)) return known;
  const parts = tf.split(images, count) as tf.Tensor4D[];
  PARTS.set(images, parts);
  return parts;
}

/** A plugin's `check` for the option `bn_splits`: the images that a pass has must divide by it. */
export function checkSplits(
  { bn_splits: splits }: { bn_splits: number },
  { passSize }: RecipeFacts,
): OptionProblem[] {
  const message =
    `Expected a divisor of the ${passSize} images of a pass (train.batch_size by train.accumulate), ` +
    `got ${splits}`;
  return passSize % splits === 0 ? [] : [{ key: "bn_splits", message }];
}
