import assert from "node:assert/strict";
import { tf } from "@seed/core";
import { groupedConv2d } from "./grouped_conv.ts";

/** Of many channels, so that there are several blocks, the last with fewer groups; and of one group a block. */
const SHAPES = [
  { groups: 13, inputs: 8, outputs: 8, stride: 1, pad: "same" },
  { groups: 5, inputs: 20, outputs: 4, stride: 2, pad: "valid" },
  { groups: 2, inputs: 70, outputs: 3, stride: 1, pad: "same" },
] as const;

for (const { groups, inputs, outputs, stride, pad } of SHAPES) {
  Deno.test(`${groups} groups of ${inputs} channels are convolved, and have gradients, as each alone`, async () => {
    await tf.setBackend("cpu");
    const x = tf.randomNormal<tf.Rank.R4>([2, 5, 5, groups * inputs], 0, 1, "float32", 1);
    const filter = tf.randomNormal<tf.Rank.R4>([3, 3, inputs, groups * outputs], 0, 1, "float32", 2);
    const apart = (x: tf.Tensor4D, filter: tf.Tensor4D) => {
      const filters = tf.split<tf.Tensor4D>(filter, groups, 3);
      return tf.concat(
        tf.split<tf.Tensor4D>(x, groups, 3).map((map, i) => tf.conv2d(map, filters[i], stride, pad)),
        3,
      );
    };
    const found = outputsOf((x, filter) => groupedConv2d(x, filter, stride, pad), x, filter);
    outputsOf(apart, x, filter).forEach((expected, i) => {
      assert.deepEqual(found[i].shape, expected.shape);
      const difference = tf.max(tf.abs(tf.sub(found[i], expected))).dataSync()[0];
      assert.ok(difference < 1e-3, `output ${i} differs by ${difference}`);
    });
  });
}

function outputsOf(convolve: (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor, ...inputs: tf.Tensor4D[]) {
  const loss = (...[x, filter]: tf.Tensor[]) =>
    tf.sum(tf.square(convolve(x as tf.Tensor4D, filter as tf.Tensor4D)));
  return [convolve(inputs[0], inputs[1]), ...tf.grads(loss)(inputs)];
}
