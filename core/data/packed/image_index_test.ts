import assert from "node:assert/strict";
import { join } from "node:path";
import { cachedIndex } from "./image_index.ts";
import { PackedImagesBuilder } from "./packed_images.ts";

const images = () => {
  const builder = new PackedImagesBuilder();
  builder.push({ name: "a.jpg", offset: 1, length: 2, label: null });
  return Promise.resolve(builder.finish());
};

Deno.test("a cache that cannot be written is told, and the index made at each start", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-index-" });
  try {
    const shard = join(folder, "shard"), cacheDir = join(shard, "cache"), told: string[] = [];
    await Deno.writeTextFile(shard, "no folder"); // as a cache of others' is none that can be written
    const index = await cachedIndex(shard, { cacheDir, log: (message) => void told.push(message) }, images);
    assert.equal(index.names.at(0), "a.jpg");
    assert.equal(told.length, 2);
    assert.match(told[0], /^Cannot read the index ".*": Not a directory .*; making it anew$/);
    assert.match(told[1], /^Cannot write ".*cache": Not a directory .*; the index of ".*shard" is not kept/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("an index is kept, and what dead processes left beside it goes", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-index-" });
  try {
    const shard = join(folder, "shard"), cacheDir = join(folder, "cache"), log = assert.fail;
    const left = join(cacheDir, "0.index.1-0123456789abcdef.tmp"), old = new Date(2020, 1);
    await Deno.mkdir(cacheDir);
    for (const path of [shard, left]) await Deno.writeTextFile(path, "");
    await Deno.utime(left, old, old);
    await cachedIndex(shard, { cacheDir, log }, images);
    const names = [...Deno.readDirSync(cacheDir)].map(({ name }) => name);
    assert.match(names.join(), /^[0-9a-f]{32}\.index$/);
    const again = await cachedIndex(shard, { cacheDir, log }, () => assert.fail("made again"));
    assert.equal(again.names.at(0), "a.jpg");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
