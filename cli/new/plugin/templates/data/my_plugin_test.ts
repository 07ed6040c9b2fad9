import assert from "node:assert/strict";
import { checkDataSource } from "@seed/core/conformance";
import plugin from "./my_plugin.ts";

/** What every plugin is given. */
const context = (folder: string) => ({
  ...{ seed: 0, cacheDir: `${folder}/cache`, log: console.error, signal: new AbortController().signal },
  resolve: (path: string) => path,
});

/** Runs a test in a folder of its own. */
async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "my-plugin-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("my-plugin keeps a data source's promises", (t) =>
  inFolder(async (folder) => {
    const options = await plugin.standIn!({ list: "" }, { folder, images: 6 });
    await checkDataSource(t, { make: () => plugin.create(options, context(folder)) });
  }));

Deno.test("my-plugin tells images from labels, and refuses a list that is none or names a file twice", () =>
  inFolder(async (folder) => {
    const options = await plugin.standIn!({ list: "" }, { folder, images: 3 });
    using source = await plugin.create(options, context(folder));
    assert.deepEqual([0, 1, 2].map((i) => source.train.label!(i)), [0, 1, 0]);
    const list = `${folder}/odd.json`;
    const refused = (message: RegExp) =>
      assert.rejects(async () => await plugin.create({ list }, context(folder)), message);
    await Deno.writeTextFile(list, "[]");
    await refused(/Cannot read the list/);
    const entries = ["0.jpg", "1.jpg", "0.jpg"].map((file) => ({ file, label: "a" }));
    await Deno.writeTextFile(list, JSON.stringify(entries));
    await refused(/Entries 1 and 3 of the list ".*odd\.json" are both of "0\.jpg"/);
  }));
