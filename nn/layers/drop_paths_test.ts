import assert from "node:assert/strict";
import { tf } from "@seed/core";
import { DropPaths, risingRate } from "./drop_paths.ts";
import { TrainableParameters } from "../parameters/trainable_parameters.ts";

await tf.setBackend("cpu");

Deno.test("blocks drop by numbers of their own, whole images of rows, in training alone", () => {
  using source = new TrainableParameters(0);
  const drops = new DropPaths(source);
  const never = drops.next(0, "a.weight"),
    first = drops.next(0.5, "b.weight"),
    second = drops.next(0.2, "c.weight");
  assert.equal(drops.noisePerImage, 2);
  const rows = tf.ones<tf.Rank.R2>([6, 2]), noise = tf.tensor2d([0.4, 0.9, 0.6, 0.1], [2, 2]); // three rows an image
  const values = (part: tf.Tensor) => [...part.dataSync()];
  assert.deepEqual(values(never(rows, { training: true, noise })), Array(12).fill(1));
  assert.deepEqual(values(first(rows, { training: true, noise })), [
    ...Array(6).fill(0),
    ...Array(6).fill(2),
  ]);
  assert.deepEqual(values(second(rows, { training: true, noise })), [
    ...Array(6).fill(1.25),
    ...Array(6).fill(0),
  ]);
  assert.deepEqual(values(second(rows, { training: false, noise })), Array(12).fill(1));
  tf.dispose([rows, noise]);
});

Deno.test("what training leaves as it is drops nothing", () => {
  using source = new TrainableParameters(0, (name) => name.startsWith("a."));
  const drops = new DropPaths(source), frozen = drops.next(0.9, "a.weight"), x = tf.ones([2, 2]);
  const noise = tf.zeros<tf.Rank.R2>([2, 1]);
  assert.equal(frozen(x, { training: true, noise }), x);
  tf.dispose([x, noise]);
});

Deno.test("rates rise from 0 to that of the last block", () => {
  assert.deepEqual([0, 1, 2].map((block) => risingRate(0.3, block, 3)), [0, 0.15, 0.3]);
  assert.equal(risingRate(0.3, 0, 1), 0);
});
