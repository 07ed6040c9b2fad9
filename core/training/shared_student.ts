import type { Student, StudentOutput } from "../interfaces/student.ts";
import { tf } from "../tf.ts";

/**
 * A student that sees each batch of views once, however many losses look at it: they share its output, and the
 * running statistics move once. For one step; disposing frees the outputs, not the student.
 */
export function sharedStudent(student: Student): Student {
  const seen = new Map<string, StudentOutput>();
  const forward: Student["forward"] = (images, options) => {
    const key = `${images.id} ${options.training} ${options.noise?.id}`;
    const output = seen.get(key) ?? student.forward(images, options);
    if (!seen.has(key)) tf.keep(output.features), tf.keep(output.embedding);
    seen.set(key, output);
    return output;
  };
  const { network, featureDim, embeddingDim, mean, std, parameters, noisePerImage } = student;
  return {
    ...{ network, featureDim, embeddingDim, mean, std, parameters, noisePerImage, forward },
    [Symbol.dispose]: () => seen.forEach(({ features, embedding }) => tf.dispose([features, embedding])),
  };
}
