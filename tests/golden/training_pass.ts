import { type Student, type StudentOutput, tf, toTorch } from "@seed/core";
import { assertFingerprint, type Fingerprint } from "./fingerprint.ts";
import type { Runner } from "../support/runners.ts";
import { uniform } from "./formula.ts";

/** What PyTorch computed in one pass of training. */
export interface TrainingPass {
  features: Fingerprint;
  embedding: Fingerprint;
  statistics: Record<string, Fingerprint>;
  gradients: Record<string, Fingerprint>;
}

/** Runs one pass in training mode and compares everything that comes of it. */
export async function assertTrainingPass(
  student: Pick<Student, "parameters" | "forward">,
  input: tf.Tensor4D,
  expected: TrainingPass,
  run: Runner,
): Promise<void> {
  const trained = student.parameters.filter(({ name }) => name in expected.gradients);
  const [features, embedding, ...gradients] = await run((images) => {
    let output!: StudentOutput;
    const { grads } = tf.variableGrads(() => {
      output = student.forward(images as tf.Tensor4D, { training: true });
      Object.values(output).forEach(tf.keep); // they outlive the gradient's scope
      return tf.add(weighted(output.embedding), weighted(output.features)) as tf.Scalar;
    }, trained.map(({ variable }) => variable));
    return [output.features, output.embedding, ...trained.map(({ variable }) => grads[variable.name])];
  }, input);
  assertFingerprint("features in training", features, expected.features, { tolerance: 1e-4 });
  assertFingerprint("embedding in training", embedding, expected.embedding, { tolerance: 1e-4 });
  for (const [name, value] of Object.entries(expected.statistics)) {
    const { variable } = student.parameters.find((parameter) => parameter.name === name)!;
    assertFingerprint(name, await variable.data(), value, { tolerance: 1e-4 });
  }
  trained.forEach(({ name, kind, variable }, i) => {
    const gradient = toTorch(gradients[i], variable.shape, kind);
    // Zero but for rounding is the gradient of what a batch norm after it takes away again.
    const wanted = expected.gradients[name], floor = wanted.rms < 1e-9 ? 1 : 0;
    assertFingerprint(`gradient of ${name}`, gradient, wanted, { tolerance: 1e-3, floor });
  });
}

/** The sum of a tensor's elements, each with a weight of its own. */
function weighted(x: tf.Tensor): tf.Tensor {
  return tf.sum(tf.mul(x, tf.tensor(uniform("loss", x.shape), x.shape)));
}
