import assert from "node:assert/strict";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { gunzipFile } from "./gunzip.ts";

Deno.test("gunzipFile() unpacks whole files, and leaves nothing of others", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-gunzip-" });
  try {
    const path = join(folder, "packed.gz"), into = join(folder, "file");
    const content = new Uint8Array(200_000).fill(7), packed = gzipSync(content);
    await Deno.writeFile(path, packed);
    await gunzipFile(path, into, content.length);
    assert.deepEqual(await Deno.readFile(into), content);
    await Deno.remove(into);
    await assert.rejects(gunzipFile(path, into, content.length - 1), /unpacks to more than 199999 bytes/);
    for (
      const damaged of [
        packed.subarray(0, packed.length - 9),
        packed.subarray(1),
        packed.with(-6, ~packed.at(-6)!),
      ]
    ) {
      await Deno.writeFile(path, damaged);
      await assert.rejects(gunzipFile(path, into, content.length), {
        name: "RunError",
        message: /packed\.gz" is no whole gzip file/,
      });
    }
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["packed.gz"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
