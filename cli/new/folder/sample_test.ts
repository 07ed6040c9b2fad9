import assert from "node:assert/strict";
import type { ImageSet } from "@seed/core";
import { readSome } from "./sample.ts";

const host = { log() {}, signal: new AbortController().signal };

Deno.test("of a large folder pictures of each set are read", async () => {
  const missing = (name: string, length: number): ImageSet => ({
    length,
    image: (i) => {
      assert.ok(i >= 0 && i < length, `${name} has no image ${i}`);
      return { name: `${name}/${i}`, file: "/nowhere/at/all.png" };
    },
  });
  const { looked, broken } = await readSome([missing("train", 9000), missing("val", 1000)], host, 60);
  assert.equal(looked, 5000);
  const queries = broken.filter(({ name }) => name.startsWith("val/")).length;
  assert.ok(queries > 400 && queries < 600, `${queries} of val`); // about one in ten
  assert.equal(new Set(broken.map(({ name }) => name)).size, 5000);
});
