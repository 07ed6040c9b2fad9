import assert from "node:assert/strict";
import { tf } from "@seed/core";
import { checkStudent } from "@seed/core/conformance";
import { EagerEngine } from "@seed/engine-eager";
import plugin from "./my_plugin.ts";

/** What every plugin is given; a student also has an engine, and the teacher's width. The eager engine installs nothing. */
const context = {
  ...{ seed: 0, cacheDir: "cache", log: console.error, signal: new AbortController().signal },
  resolve: (path: string) => path,
};
const options = plugin.options.parse({ width: 4, head: { hidden: 8 } });

Deno.test("my-plugin keeps a student's promises", async (t) => {
  const engine = await EagerEngine.open();
  const make = (seed: number) => plugin.create(options, { ...context, engine, seed, embeddingDim: 6 });
  await checkStudent(t, { engine, make });
});

Deno.test("my-plugin makes features, and an embedding as wide as the teacher's", async () => {
  const engine = await EagerEngine.open(), given = { ...context, engine, embeddingDim: 6 };
  using student = await plugin.create(options, given);
  const shapes = tf.tidy(() => {
    const { features, embedding } = student.forward(tf.zeros([2, 32, 32, 3]), { training: false });
    return [features.shape, embedding.shape];
  });
  assert.deepEqual(shapes, [[2, 16], [2, 6]]);
  assert.equal(student.parameters[0].name, "conv1.weight");
});
