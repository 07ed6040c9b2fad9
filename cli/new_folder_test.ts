import assert from "node:assert/strict";
import { inFolder } from "../tests/support/plugin_context.ts";
import { inNewFolder, refuseFilled } from "./new_folder.ts";

Deno.test("a folder is there whole, or not at all: nor is it after a signal", () =>
  inFolder(async (folder) => {
    const out = `${folder}/a/b`, abort = new AbortController();
    const options = { refuse: refuseFilled, signal: abort.signal };
    const fill = (last: () => void) =>
      inNewFolder(out, options, async (partial) => {
        await Deno.writeTextFile(`${partial}/file`, "text");
        last();
      });
    await assert.rejects(fill(() => assert.fail("no")), /no/);
    await assert.rejects(fill(() => abort.abort()), { name: "AbortError" });
    assert.deepEqual(await Array.fromAsync(Deno.readDir(`${folder}/a`)), []);
    await inNewFolder(
      out,
      { ...options, signal: null },
      (partial) => Deno.writeTextFile(`${partial}/file`, "text"),
    );
    assert.equal(await Deno.readTextFile(`${out}/file`), "text");
  }));

Deno.test("a folder that has something in it is refused, and one that cannot be looked at", () =>
  inFolder(async (folder) => {
    await refuseFilled(`${folder}/none`);
    await refuseFilled(folder);
    await Deno.writeTextFile(`${folder}/file`, "");
    await assert.rejects(refuseFilled(folder), {
      name: "UsageError",
      message: /is a folder that is not empty/,
    });
    await assert.rejects(refuseFilled(`${folder}/file`), {
      name: "UsageError",
      message: /is a file, not a folder/,
    });
    await assert.rejects(refuseFilled(`${folder}/file/below`), {
      name: "RunError",
      message: /^Cannot write ".*below": Not a directory/,
    });
  }));
