import assert from "node:assert/strict";
import { checkTeacher, recipeFacts } from "@seed/core/conformance";
import { EagerEngine } from "@seed/engine-eager";
import plugin from "./my_teacher.ts";

/** What every plugin is given; a teacher also has an engine. The eager one installs nothing. */
const context = {
  ...{ seed: 0, cacheDir: "cache", log: console.error, signal: new AbortController().signal },
  resolve: (path: string) => path,
};

Deno.test("my-teacher keeps a teacher's promises", async (t) => {
  const engine = await EagerEngine.open();
  await checkTeacher(t, { make: () => plugin.create(plugin.options.parse({}), { ...context, engine }) });
});

Deno.test("my-teacher knows its width, and views that are too small for it", () => {
  const options = plugin.options.parse({ cells: 8 });
  assert.equal(plugin.tells!(options).embeddingDim, 8 * 8 * 3);
  assert.equal(plugin.check!(options, recipeFacts({ teacherSides: [4] }))[0].key, "cells");
});
