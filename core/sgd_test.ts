import assert from "node:assert/strict";
import { Random } from "./random.ts";
import { Sgd } from "./sgd.ts";
import { tf } from "./tf.ts";

Deno.test("Sgd steps as its formulas say, for any momentum, decay and rate", () => {
  for (let trial = 0; trial < 20; trial++) {
    const random = new Random(trial, "sgd"), start = random.normal(), target = random.normal();
    const momentum = random.chance(0.2) ? 0 : random.uniform(), weightDecay = random.uniform(0, 0.1);
    const variable = tf.variable(tf.scalar(start));
    using sgd = new Sgd([{ name: "w", kind: "vector", variable, trainable: true }], {
      momentum,
      weightDecay,
    });
    let w = start, m = 0;
    for (let step = 0; step < 10; step++) {
      const lr = random.uniform(0, 0.3);
      const loss = tf.tidy(() =>
        sgd.minimize(() => tf.square(tf.sub(variable, target)) as tf.Scalar, tf.scalar(lr)).dataSync()[0]
      );
      assert.ok(Math.abs(loss - (w - target) ** 2) < 1e-4);
      m = momentum * m + 2 * (w - target) + weightDecay * w;
      w -= lr * m;
      const message = `trial ${trial}, step ${step}`;
      assert.ok(Math.abs(variable.dataSync()[0] - w) < 1e-4, message);
      assert.ok(Math.abs(sgd.momenta[0].variable.dataSync()[0] - m) < 1e-4, message);
    }
    variable.dispose();
  }
});

Deno.test("minimize() keeps memory flat", () => {
  const variable = tf.variable(tf.tensor1d([1, 2]));
  using sgd = new Sgd([{ name: "w", kind: "vector", variable, trainable: true }], {
    momentum: 0.9,
    weightDecay: 0,
  });
  const lr = tf.scalar(0.1), counts: number[] = [];
  for (let step = 0; step < 5; step++) {
    sgd.minimize(() => tf.sum(tf.square(variable)) as tf.Scalar, lr).dispose();
    counts.push(tf.memory().numTensors);
  }
  assert.equal(counts.at(-1), counts[0]);
  tf.dispose([lr, variable]);
});
