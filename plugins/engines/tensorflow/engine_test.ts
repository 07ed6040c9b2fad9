import assert from "node:assert/strict";
import { tf } from "@seed/core";
import plugin from "./mod.ts";

const context = {
  seed: 0,
  device: "cpu" as const,
  trace: true,
  cacheDir: "",
  resolve: (path: string) => path,
  log: console.error,
  signal: new AbortController().signal,
};

Deno.test("trace() repeats a training step with the results of the eager one", async () => {
  const engine = await plugin.create({}, context);
  const w = tf.variable(tf.tensor2d([[1, 2], [3, 4]]));
  const m = tf.variable(tf.zeros([2, 2]), false);
  const frozen = tf.tensor2d([[0.5, 0.25], [1, -1]]);
  const body = (x: tf.Tensor, lr: tf.Tensor) => {
    const { value, grads } = tf.variableGrads(() => tf.mean(tf.square(tf.matMul(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D), frozen))) as tf.Scalar, [w]);
    m.assign(tf.add(tf.mul(m, 0.9), grads[w.name]));
    w.assign(tf.sub(w, tf.mul(lr, m)));
    return [value];
  };
  using step = engine.trace(body, { name: "step" });
  const x = tf.tensor2d([[1, 2], [3, 5], [-1, 0]]), lr = tf.scalar(0.01);
  const [w0, m0] = [w.clone(), m.clone()];
  const before = tf.memory().numTensors;
  const traced = [];
  for (let i = 0; i < 5; i++) { const [l] = await step.call(x, lr); traced.push(l.dataSync()[0]); l.dispose(); }
  console.log(tf.memory().numTensors, before);
  const wt = w.dataSync();
  w.assign(w0); m.assign(m0);
  const eager = [];
  for (let i = 0; i < 5; i++) { tf.tidy(() => { eager.push(body(x, lr)[0].dataSync()[0]); return []; }); }
  console.log(traced, eager, wt, w.dataSync());
});
