import assert from "node:assert/strict";
import { checkQueue, recipeFacts } from "@seed/core/conformance";
import { EagerEngine } from "@seed/engine-eager";
import plugin from "./my_plugin.ts";

/** What every plugin is given; a queue is told its width and the rows of a step too. The eager engine installs nothing. */
const context = {
  ...{ cacheDir: "cache", log: console.error, signal: new AbortController().signal },
  resolve: (path: string) => path,
};

Deno.test("my-plugin keeps a queue's promises", async (t) => {
  const engine = await EagerEngine.open();
  await checkQueue(t, {
    engine,
    make: ({ size, ...given }) => plugin.create({ size }, { ...context, engine, ...given }),
  });
});

Deno.test("my-plugin refuses a size that is no multiple of the rows of a step", () => {
  const recipe = recipeFacts({ queueRows: 5 });
  assert.deepEqual(plugin.check!({ size: 10 }, recipe), []);
  assert.equal(plugin.check!({ size: 12 }, recipe)[0].key, "size");
});
