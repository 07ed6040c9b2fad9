import assert from "node:assert/strict";
import { checkLogger } from "@seed/core/conformance";
import plugin from "./csv_logger.ts";

/** What every plugin is given; a logger also has the run's folder. */
const context = {
  ...{ seed: 0, cacheDir: "cache", log: console.error, signal: new AbortController().signal },
  resolve: (path: string) => path,
};
const options = plugin.options.parse({});

Deno.test("my-csv keeps a logger's promises", (t) =>
  checkLogger(t, { make: (runDirectory) => plugin.create(options, { ...context, runDirectory }) }));

Deno.test("my-csv names a file of the run's folder, and none outside", () => {
  assert.equal(options.file, "loss.csv");
  assert.throws(() => plugin.options.parse({ file: "../loss.csv" }));
});
