import assert from "node:assert/strict";
import { checkAugmenter } from "@seed/core/conformance";
import plugin from "./my_plugin.ts";

/** What every plugin is given. */
const context = {
  ...{ seed: 0, cacheDir: "cache", log: console.error, signal: new AbortController().signal },
  resolve: (path: string) => path,
};

Deno.test("my-plugin keeps an augmenter's promises", (t) =>
  checkAugmenter(t, { make: () => plugin.create(plugin.options.parse({ size: 32 }), context) }));

Deno.test("my-plugin knows its options, and no others", () => {
  assert.deepEqual(plugin.tells!(plugin.options.parse({})), { size: 224 });
  assert.throws(() => plugin.options.parse({ scale: [1, 0.5] }));
  assert.throws(() => plugin.options.parse({ rotate: 90 }));
});
