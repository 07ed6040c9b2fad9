import assert from "node:assert/strict";
import { tf } from "@seed/core";
import golden from "../../tests/golden/network_size.json" with { type: "json" };
import { NETWORKS } from "./networks.ts";
import { featureDimOf, networkSize } from "./network_size.ts";

Deno.test("networkSize equals timm's parameters and PyTorch's count of multiplications", () => {
  const sizes = [...NETWORKS].map(([name, network]) => [name, networkSize(network, 224)]);
  assert.deepEqual(Object.fromEntries(sizes), golden);
});

Deno.test("featureDimOf is the width that networkSize tells, without running the network", () => {
  const widths = [...NETWORKS].map(([name, network]) => [name, featureDimOf(network)]);
  const told = Object.entries(golden).map(([name, { featureDim }]) => [name, featureDim]);
  assert.deepEqual(Object.fromEntries(widths), Object.fromEntries(told));
});

Deno.test("networkSize leaves the backend and its tensors as they were", () => {
  const one = tf.scalar(1), backend = tf.getBackend(), { numTensors } = tf.memory();
  networkSize(NETWORKS.get("resnet18")!, 32);
  assert.equal(tf.getBackend(), backend);
  assert.equal(tf.memory().numTensors, numTensors);
  assert.equal(tf.add(one, 1).dataSync()[0], 2);
});
