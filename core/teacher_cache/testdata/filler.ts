/**
 * A process that fills a cache until it is stopped, for tests: FOLDER IMAGES VIEWS. It computes what it finds missing,
 * a few views at a time, tells each time, and checks every embedding that it reads.
 *
 * @module
 */
import assert from "node:assert/strict";
import { DiskStore } from "../disk_store.ts";
import { DIM, rowOf } from "./rows.ts";

const [folder, images, views] = [Deno.args[0], Number(Deno.args[1]), Number(Deno.args[2])];
const store = await DiskStore.open(folder, {
  ...{ identity: { of: "tests" }, about: {}, dim: DIM, precision: "fp16", images, shardBytes: 4096 },
  log: console.log,
  signal: new AbortController().signal,
});
try {
  for (let view = 0; view < views; view++) {
    for (let image = 0; image < images; image += 5) {
      const ids = Array.from({ length: Math.min(5, images - image) }, (_, i) => ({ image: image + i, view }));
      const missing = store.missing(ids);
      store.add(missing, missing.map(rowOf));
      for (const id of ids) assert.deepEqual(store.row(id), rowOf(id));
      if (missing.length) console.log(`added ${missing.length}`);
    }
  }
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(1);
} finally {
  store[Symbol.dispose]();
}
