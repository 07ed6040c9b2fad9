import assert from "node:assert/strict";
import { RunError, tf, type WeightsFile } from "@seed/core";
import { convNorm } from "../layers/conv_norm.ts";
import { FrozenParameters } from "./frozen_parameters.ts";
import { constant } from "../parameters/initializer.ts";

/** A file that keeps the names of what was read. */
function fileOf(shapes: Record<string, number[]>): WeightsFile & { names: string[] } {
  const names: string[] = [];
  return {
    ...{ path: "weights.file", format: "test", metadata: {}, names },
    tensors: new Map(Object.entries(shapes).map(([name, shape]) => [name, { dtype: "F32", shape }])),
    read: (name) => {
      names.push(name);
      return new Float32Array(shapes[name].reduce((a, b) => a * b, 1)).fill(1);
    },
    [Symbol.dispose]() {},
  };
}

Deno.test("only tensors that the network asks for and that fit it are read, so that no other takes memory", () => {
  const file = fileOf({ a: [2], b: [3], c: [4], "queue": [1e9, 1e9], "x.num_batches_tracked": [] });
  using parameters = new FrozenParameters(file, { dropped: (name) => name === "queue" });
  const get = (name: string) => parameters.get(name, "vector", [2], constant(0));
  assert.deepEqual([...get("a").dataSync()], [1, 1]);
  get("b");
  get("queue");
  assert.deepEqual(file.names, ["a"]);
  assert.throws(() => parameters.finish(), (error) => {
    assert.ok(error instanceof RunError);
    assert.match(error.message, /"b" has the shape \[3\], expected \[2\]/);
    assert.match(error.message, /missing "queue"/);
    assert.match(error.message, /left over "c"$/m);
    assert.doesNotMatch(error.message, /num_batches_tracked/);
    return true;
  });
});

Deno.test("values that no network has are an error that names their tensors", () => {
  const values: Record<string, number[]> = {
    "trunk.bn.weight": [1, NaN, -Infinity],
    "trunk.bn.running_mean": [-1, 0, 1],
    "trunk.bn.running_var": [1, -0.5, 0],
    unused: [NaN, 0, 0],
  };
  const file = fileOf(Object.fromEntries(Object.keys(values).map((name) => [name, [3]])));
  file.read = (name) => Float32Array.from(values[name]);
  using parameters = new FrozenParameters(file, { rename: (name) => `trunk.${name}`, allowUnused: true });
  for (const name of ["weight", "running_mean", "running_var"]) {
    parameters.get(`bn.${name}`, "vector", [3], constant(0));
  }
  assert.throws(() => parameters.finish(), {
    name: "RunError",
    message: 'The weights in "weights.file" are of a network that diverged, or damaged; take others:\n' +
      '  "trunk.bn.weight" is not finite: 2 of 3 values are NaN or infinite\n' +
      '  "trunk.bn.running_var" holds variances, but 1 of 3 values is below zero',
  });
});

Deno.test("a frozen convolution keeps its folded weight and bias alone", () => {
  const norm = Object.fromEntries(
    ["weight", "bias", "running_mean", "running_var"].map((k) => [`n.${k}`, [4]]),
  );
  const before = tf.memory().numTensors;
  const parameters = new FrozenParameters(fileOf({ "c.weight": [4, 3, 1, 1], ...norm }));
  convNorm(parameters, { names: ["c", "n"], inputs: 3, outputs: 4, kernel: 1 });
  parameters.finish();
  assert.equal(tf.memory().numTensors, before + 2);
  parameters[Symbol.dispose]();
  assert.equal(tf.memory().numTensors, before);
});
