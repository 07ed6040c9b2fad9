import assert from "node:assert/strict";
import { tf } from "@seed/core";
import { checkObjective } from "@seed/core/conformance";
import { EagerEngine } from "@seed/engine-eager";
import queues from "@seed/queue-fifo";
import plugin, { squaredDistance } from "./my_plugin.ts";

/** What every plugin is given; an objective also has an engine, and is told widths. The eager engine installs nothing. */
const context = {
  ...{ seed: 0, cacheDir: "cache", log: console.error, signal: new AbortController().signal },
  resolve: (path: string) => path,
};

Deno.test("my-plugin keeps an objective's promises", async (t) => {
  const engine = await EagerEngine.open(), options = plugin.options.parse({});
  await checkObjective(t, {
    engine,
    needs: plugin.needs(options),
    makeQueue: ({ size, ...given }) => queues.create({ size }, { ...context, engine, ...given }),
    make: (given) => plugin.create(options, { ...context, engine, ...given }),
  });
});

Deno.test("my-plugin is 0 for what is alike, 2 at a right angle, 4 for what is opposite", async () => {
  await tf.setBackend("cpu");
  for (const [row, expected] of [[[3, 0], 0], [[0, 5], 2], [[-1, 0], 4]] as const) {
    const loss = tf.tidy(() => squaredDistance(tf.tensor2d([[...row]]), tf.tensor2d([[1, 0]])).dataSync()[0]);
    assert.ok(Math.abs(loss - expected) < 1e-6, `${row}: ${loss}`);
  }
});
