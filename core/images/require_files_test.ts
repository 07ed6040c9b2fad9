import assert from "node:assert/strict";
import { join } from "node:path";
import { RunError } from "../errors.ts";
import type { ImageReference, ImageSet } from "../interfaces/data_source.ts";
import { requireFiles } from "./require_files.ts";

const host = { signal: new AbortController().signal, log: () => {} };

function source(train: ImageSet, gallery = train, queries = train) {
  return { train, evaluation: { gallery, queries }, [Symbol.dispose]() {} };
}

function setOf(images: ImageReference[], isFound?: boolean): ImageSet {
  return { length: images.length, image: (i) => images[i], isFound };
}

Deno.test("files that a source names are looked at, with their number and the first of them", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-files-" });
  try {
    const there = join(folder, "there"), gone = join(folder, "gone");
    await Deno.writeTextFile(there, "");
    const images = Array.from(
      { length: 200 },
      (_, i) => ({ name: `image ${i}`, file: i % 50 ? there : gone }),
    );
    await requireFiles(source(setOf(images.filter(({ file }) => file === there))), host);
    const missing = requireFiles(source(setOf(images)), host);
    await assert.rejects(missing, (error: Error) => {
      assert.ok(error instanceof RunError);
      const first = [0, 50, 100].map((i) => `"image ${i}" (there is no file "${gone}")`).join(", ");
      assert.ok(
        error.message.startsWith(`4 of the 200 images cannot be opened: ${first}, and 1 more; `),
        error.message,
      );
      assert.match(error.message, /data\.on_error: skip/);
      return true;
    });
    const good = setOf([{ name: "there", file: there }]),
      inGone = { name: "part", file: gone, offset: 4, length: 2 };
    const folderAsFile = setOf([{ name: "folder", file: folder }]);
    await assert.rejects(
      requireFiles(source(good, good, setOf([inGone])), host),
      /^RunError: 1 of the 1 images/,
    );
    await assert.rejects(
      requireFiles(source(folderAsFile), host),
      /"folder" \(".*" is a folder, expected a file\)/,
    );
    // What the source has found itself, and what only a reader understands, is not looked for.
    await requireFiles(source(setOf([inGone], true)), host);
    const reader = { module: "file:///reader.ts", exportName: "open" };
    await requireFiles(source(setOf([{ ...inGone, reader }])), host);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
