import assert from "node:assert/strict";
import { Random } from "../../random.ts";
import type { Parameter, ParameterKind } from "../../interfaces/student.ts";
import { tf } from "../../tf.ts";
import { Sgd } from "./sgd.ts";

function parameter(value: number, kind: ParameterKind = "linear"): Parameter {
  return { name: "w", kind, variable: tf.variable(tf.scalar(value)), trainable: true };
}

Deno.test("Sgd steps as its formulas say, for any momentum, decay and rate", () => {
  for (let trial = 0; trial < 20; trial++) {
    const random = new Random(trial, "sgd");
    const momentum = random.chance(0.2) ? 0 : random.uniform(), weightDecay = random.uniform(0, 0.1);
    const nesterov = random.chance(0.5), weightDecayOn = random.chance(0.5) ? "weights" : "all";
    const kind = random.chance(0.5) ? "vector" : "linear";
    const weight = parameter(random.normal(), kind), value = () => weight.variable.dataSync()[0];
    using sgd = new Sgd([weight], { momentum, weightDecay, weightDecayOn, nesterov });
    const decay = kind === "vector" && weightDecayOn === "weights" ? 0 : weightDecay;
    let w = value(), m = 0;
    for (let step = 0; step < 10; step++) {
      const lr = random.uniform(0, 0.3), gradient = random.normal();
      tf.tidy(() => sgd.update([tf.scalar(gradient)], sgd.numbers(lr).map((number) => tf.scalar(number))));
      const g = gradient + decay * w;
      m = momentum * m + g;
      w -= lr * (nesterov ? g + momentum * m : m);
      assert.ok(Math.abs(value() - w) < 1e-4, `trial ${trial}, step ${step}`);
      assert.ok(Math.abs(sgd.state[0].variable.dataSync()[0] - m) < 1e-4, `trial ${trial}, step ${step}`);
    }
    weight.variable.dispose();
  }
});

Deno.test("an optimizer changes what is trainable, names its state for checkpoints, and keeps memory flat", () => {
  const weight = parameter(1), fixed = { ...parameter(2), name: "fixed", trainable: false };
  using sgd = new Sgd([fixed, weight], { momentum: 0.9, weightDecay: 0 });
  assert.deepEqual(sgd.trained, [weight]);
  assert.deepEqual(sgd.state.map(({ name, trainable }) => [name, trainable]), [[
    "optimizer.momentum.w",
    false,
  ]]);
  const gradient = tf.scalar(1), lr = tf.scalar(0.1), before = tf.memory().numTensors;
  for (let step = 0; step < 3; step++) {
    sgd.update([gradient], [lr]);
    assert.equal(tf.memory().numTensors, before);
  }
  assert.equal(fixed.variable.dataSync()[0], 2);
  tf.dispose([gradient, lr, weight.variable, fixed.variable]);
});
