import assert from "node:assert/strict";
import { checkEngine } from "@seed/core/conformance";
import plugin from "./my_plugin.ts";

/** What every plugin is given; an engine is also told the device, and whether to trace. */
const context = {
  ...{ seed: 0, cacheDir: "cache", log: console.error, signal: new AbortController().signal },
  ...{ resolve: (path: string) => path, trace: true },
};

Deno.test("my-plugin keeps an engine's promises", async (t) => {
  await using engine = await plugin.create({}, { ...context, device: "auto" });
  await checkEngine(t, { engine });
});

Deno.test("my-plugin says that it has no GPU", async () => {
  await assert.rejects(async () => await plugin.create({}, { ...context, device: "gpu" }), /no GPU/);
});
