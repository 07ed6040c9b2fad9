import assert from "node:assert/strict";
import { checkTeacher } from "@seed/core/conformance";
import { EagerEngine } from "@seed/engine-eager";
import plugin from "./my_plugin.ts";

/** What every plugin is given; a teacher also has an engine. The eager one installs nothing. */
const context = {
  ...{ seed: 0, cacheDir: "cache", log: console.error, signal: new AbortController().signal },
  resolve: (path: string) => path,
};

Deno.test("my-plugin keeps a teacher's promises", async (t) => {
  const engine = await EagerEngine.open();
  await checkTeacher(t, { make: () => plugin.create(plugin.options.parse({}), { ...context, engine }) });
});

Deno.test("my-plugin knows its width, and views that are too small for it", () => {
  const options = plugin.options.parse({ cells: 8 });
  assert.equal(plugin.tells!(options).embeddingDim, 8 * 8 * 3);
  const recipe = { batchSize: 4, passSize: 4, queueRows: 4, hasTeacher: true, teacherDim: 192 };
  const views = { embeddingDim: null, evaluates: false, studentSides: [4], teacherSides: [4] };
  assert.equal(plugin.check!(options, { ...recipe, ...views })[0].key, "cells");
});
