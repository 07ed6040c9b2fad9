/**
 * What the golden tests of networks share: running them eagerly and traced, and one pass of training.
 *
 * @module
 */
import { type Engine, type Student, type StudentOutput, tf, toTorch } from "@seed/core";
import { assertFingerprint, type Fingerprint } from "./fingerprint.ts";
import { uniform } from "./formula.ts";

/** A function of tensors, as one operation or operation by operation. */
export type Runner = (
  fn: (...inputs: tf.Tensor[]) => tf.Tensor[],
  ...inputs: tf.Tensor[]
) => Promise<Float32Array[]>;

/** Both ways to run a function; they must agree with the golden values each. */
export function runners(engine: Engine): Record<"eager" | "traced", Runner> {
  return {
    eager: (fn, ...inputs) => read(tf.tidy(() => fn(...inputs))),
    async traced(fn, ...inputs) {
      using traced = engine.trace(fn, { name: "golden" });
      return await read(await traced.call(...inputs));
    },
  };
}

async function read(outputs: tf.Tensor[]): Promise<Float32Array[]> {
  const values = await Promise.all(outputs.map((output) => output.data()));
  tf.dispose(outputs);
  return values as Float32Array[];
}

/** What PyTorch computed in one pass of training. */
export interface TrainingPass {
  features: Fingerprint;
  embedding: Fingerprint;
  statistics: Record<string, Fingerprint>;
  gradients: Record<string, Fingerprint>;
}

/** Runs one pass in training mode and compares everything that comes of it. */
export async function assertTrainingPass(
  student: Student,
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
    assertFingerprint(`gradient of ${name}`, gradient, expected.gradients[name], { tolerance: 1e-3 });
  });
}

/** The sum of a tensor's elements, each with a weight of its own. */
function weighted(x: tf.Tensor): tf.Tensor {
  return tf.sum(tf.mul(x, tf.tensor(uniform("loss", x.shape), x.shape)));
}
