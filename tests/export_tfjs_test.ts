/**
 * What `export --to tfjs` writes, TensorFlow.js itself loads, and it computes what the engine computes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { tf } from "@seed/core";
import { encodeGraphModel, graphModel, studentNetwork } from "@seed/nn/host";
import {
  assertClose,
  NO_FILE,
  normalizedImages,
  outputsOf,
  OWN,
  SIDE,
  STUDENTS,
  trained,
} from "./support/exported_students.ts";
import { asHandler } from "./support/graph_model_handler.ts";

for (const name of Object.keys({ ...STUDENTS, ...OWN })) {
  Deno.test(`TensorFlow.js computes the engine's features and embeddings of ${name}`, async (t) => {
    using student = await trained(name);
    using network = studentNetwork(student, NO_FILE, SIDE);
    const expected = outputsOf(student), pixels = normalizedImages(student, [0, 1, 2, 3]);
    const model = graphModel(network, { outputs: "both", inputSize: SIDE }), before = tf.getBackend();
    for (const [dtype, tolerance] of [["fp32", 1e-4], ["fp16", 3e-2]] as const) {
      await t.step(dtype, async () => {
        await tf.setBackend("cpu");
        const files = encodeGraphModel(model, { producer: "test", dtype });
        const loaded = await tf.loadGraphModel(asHandler(files)), tensors = tf.memory().numTensors;
        for (const batch of [1, 3]) {
          const input = tf.tensor4d(pixels.slice(0, batch * 3 * SIDE * SIDE), [batch, SIDE, SIDE, 3]);
          const outputs = loaded.predict(input) as tf.Tensor[],
            byName = new Map(loaded.outputs.map(({ name }, i) => [name, outputs[i]]));
          for (const key of ["features", "embedding"] as const) {
            const tensor = byName.get(`${key}:0`) ?? byName.get(key)!;
            assert.equal(tensor.shape[0], batch);
            const values = expected[key].subarray(0, batch * expected[key].length / 3);
            assertClose(`${key}, batch ${batch}`, tensor.dataSync() as Float32Array, values, tolerance);
          }
          tf.dispose([input, outputs]);
        }
        assert.equal(tf.memory().numTensors, tensors);
        loaded.dispose();
        await tf.setBackend(before);
      });
    }
  });
}
