import assert from "node:assert/strict";
import { withoutBroken } from "../../parts/without_broken.ts";
import type { ImageReference } from "../../interfaces/data_source.ts";
import { loadImage } from "./load_image.ts";
import { ViewPipeline } from "./view_pipeline.ts";

const module = new URL("./testdata/readers.ts", import.meta.url).href;

/** A picture of one pixel that a reader gives. */
function image(exportName: string, offset = 0, parameters?: unknown): ImageReference {
  const reader = { module, exportName, parameters }, pixels = { width: 1, height: 1 };
  return { name: `${exportName} ${offset}`, file: "s3://nowhere", offset, pixels, reader };
}

async function bytesOf(reference: ImageReference): Promise<number[]> {
  const loaded = await loadImage(reference);
  assert.ok(!(loaded instanceof Uint8Array));
  return [...loaded.data];
}

Deno.test("a thread opens a reader once for its parameters", async () => {
  const [first, second, other] = [0, 1, 2].map((i) => image("counting", i, { red: i < 2 ? 7 : 8 }));
  assert.deepEqual(await Promise.all([bytesOf(first), bytesOf(second)]), [[0, 1, 7], [1, 1, 7]]);
  assert.deepEqual(await bytesOf(other), [2, 2, 8]);
  assert.deepEqual(await bytesOf({ ...first, offset: 9 }), [9, 1, 7]);
});

Deno.test("what a reader gives is read like a file's bytes", async () => {
  const gray = image("counting", 5, { red: 9 });
  const loaded = await loadImage({ ...gray, pixels: { width: 3, height: 1, layout: "gray" } });
  assert.ok(!(loaded instanceof Uint8Array));
  assert.equal(loaded.data.length, 9);
  const { pixels: _, ...encoded } = gray;
  assert.ok(await loadImage(encoded) instanceof Uint8Array);
});

Deno.test("a reader that goes wrong is named with the image and the reason", async () => {
  const reasons = {
    picky: "the bucket has no object 3",
    empty: "it gave no bytes, expected a Uint8Array",
    text: "it gave string, expected a Uint8Array",
    noFunction: /^the module has no such function \(it exports .*picky.*\)$/,
    nowhere: /^the module has no such function/,
  };
  for (const [exportName, reason] of Object.entries(reasons)) {
    await assert.rejects(loadImage(image(exportName, 3)), (error: Error) => {
      const start = `The reader "${exportName}" of "${module}" cannot read the image "${exportName} 3": `;
      assert.equal(error.name, "RunError");
      assert.ok(error.message.startsWith(start), error.message);
      const rest = error.message.slice(start.length);
      if (typeof reason === "string") assert.equal(rest, reason);
      else assert.match(rest, reason);
      return true;
    });
  }
  const lost = { ...image("picky"), reader: { module: `${module}.away`, exportName: "picky" } };
  await assert.rejects(
    loadImage(lost),
    /readers\.ts\.away" cannot read the image "picky 0": Module not found/,
  );
});

Deno.test("a reader that could not be opened is opened again for the next image", async () => {
  await assert.rejects(loadImage(image("away")), /: no answer$/);
  assert.deepEqual(await bytesOf(image("away")), [1, 2, 3]);
});

Deno.test("workers read by readers, and images that a reader refuses can be left out", async () => {
  await using pipeline = await ViewPipeline.start({ augmenters: [], workers: 2, seed: 0 });
  const images = [0, 1, 2, 3].map((i) => image("counting", i, { red: 50 }));
  for await (const { pixels } of pipeline.batches([{ images, keys: null, size: 1 }])) {
    assert.deepEqual([...pixels], [0, 1, 2, 3].flatMap((offset) => [offset, 1, 50]));
  }
  const train = { length: 4, image: (i: number) => image("picky", i) };
  const data = { train, evaluation: null, [Symbol.dispose]() {} };
  const { data: whole, standIns, skipped } = await withoutBroken(data, pipeline, {
    log() {},
    signal: new AbortController().signal,
  });
  assert.deepEqual([whole.train.length, standIns.readable, skipped.count], [4, 2, 2]);
  assert.match(
    skipped.images[0].message,
    /^Cannot make a view of the image "picky 1": The reader "picky" of /,
  );
});

Deno.test("images that a reader knows by their names alone are counted one by one, each once", async () => {
  await using pipeline = await ViewPipeline.start({ augmenters: [], workers: 1, seed: 0 });
  const { offset: _, ...broken } = image("empty"), good = image("picky");
  const train = { length: 4, image: (i: number) => i ? { ...broken, name: `${i}` } : good };
  const data = { train, evaluation: { gallery: { ...train }, queries: train }, [Symbol.dispose]() {} };
  const { signal } = new AbortController();
  const { skipped } = await withoutBroken(data, pipeline, { log() {}, signal });
  assert.deepEqual([skipped.count, skipped.images.map(({ name }) => name)], [3, ["1", "2", "3"]]);
});
