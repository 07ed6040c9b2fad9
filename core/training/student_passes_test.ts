import assert from "node:assert/strict";
import type { Student } from "../interfaces/student.ts";
import { tf } from "../tf.ts";
import { trainingPass } from "./student_passes.ts";

await tf.setBackend("cpu");

/** Subtracts the mean of what it sees at once, which is also its running statistic. */
class Centering implements Student {
  readonly network = "centering";
  readonly featureDim = 1;
  readonly embeddingDim = 1;
  readonly mean = [0, 0, 0] as const;
  readonly std = [1, 1, 1] as const;
  readonly statistic = tf.variable(tf.scalar(0), false);
  readonly parameters = [
    { name: "running_mean", kind: "vector", variable: this.statistic, trainable: false },
  ] as const;
  /** How many images each pass had. */
  readonly passes: number[] = [];

  forward(images: tf.Tensor4D) {
    this.passes.push(images.shape[0]);
    const values = tf.reshape(tf.mean(images, [1, 2, 3]), [-1, 1]) as tf.Tensor2D, mean = tf.mean(values);
    this.statistic.assign(mean as tf.Scalar);
    const embedding = tf.sub(values, mean) as tf.Tensor2D;
    return { features: embedding, embedding };
  }

  [Symbol.dispose](): void {
    this.statistic.dispose();
  }
}

const view = (values: number[]) => tf.tensor4d(values.flatMap((x) => [x, x, x]), [values.length, 1, 1, 3]);

Deno.test("each part is seen alone, and the first one's running statistics stay", () => {
  for (
    const [parts, expected, statistic] of [
      [1, [-3, -2, 0, 5], 3],
      [2, [-0.5, 0.5, -2.5, 2.5], 0.5],
      [4, [0, 0, 0, 0], 0],
    ] as const
  ) {
    using student = new Centering();
    const images = view([0, 1, 3, 8]);
    const embeddings = tf.tidy(() => [
      ...trainingPass(student, images, { bnSplits: parts }).embedding.dataSync(),
    ]);
    assert.deepEqual(embeddings, expected);
    assert.deepEqual(student.passes, Array(parts).fill(4 / parts));
    assert.equal(student.statistic.dataSync()[0], statistic);
    images.dispose();
  }
});
