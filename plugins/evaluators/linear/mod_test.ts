import assert from "node:assert/strict";
import plugin from "@seed/evaluator-linear";
import { tf } from "@seed/core";
import { testContext, testEngine } from "../../../tests/support/engine.ts";
import { CLASSES, clusters, labelled } from "../../../tests/golden/clusters.ts";

for (const protocol of ["logistic", "sgd"] as const) {
  Deno.test(`the linear probe by ${protocol} stops in its midst when it is asked to, and keeps no tensors`, async () => {
    const engine = await testEngine(), rows = labelled(clusters("gallery", 60), (row) => row % CLASSES);
    const stop = new AbortController(), asked = new Error("stopped");
    const options = plugin.options.parse({
      protocol,
      ...protocol === "sgd" ? { sgd: { epochs: 100_000, drops: [] } } : {},
    });
    const linear = await plugin.create(options, { ...testContext, engine, signal: stop.signal });
    const before = tf.memory().numTensors;
    setTimeout(() => stop.abort(asked), 20);
    await assert.rejects(
      linear.evaluate({ subject: { gallery: rows, queries: rows }, teacher: null }),
      asked,
    );
    assert.equal(tf.memory().numTensors, before);
  });
}
