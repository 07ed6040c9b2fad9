import assert from "node:assert/strict";
import type { DataSource, ImageReference, ImageSet } from "../interfaces/data_source.ts";
import { decode } from "../images/pipeline/decode.ts";
import { loadImage } from "../images/pipeline/load_image.ts";
import type { Steps } from "./steps.ts";

/** A data source to check. */
export interface DataSourceSubject {
  make(): Promise<DataSource> | DataSource;
}

/** Images of a set that are looked at: some from all over it. */
const LOOKED_AT = 20;

/**
 * Checks what {@link DataSource} promises: images that are there and decode, under unique names, in the same order
 * every time.
 */
export async function checkDataSource(t: Steps, { make }: DataSourceSubject): Promise<void> {
  using source = await make();
  const sets: Record<string, ImageSet> = { train: source.train, ...source.evaluation };

  await t.step("has images to train on", () => assert.ok(source.train.length > 0));
  for (const [name, set] of Object.entries(sets)) {
    const all = references(set);
    await t.step(`names each image of ${name} once`, () => {
      assert.equal(new Set(all.map((image) => image.name)).size, set.length);
    });
    await t.step(`has plain references to files, or to what its reader reads, in ${name}`, async () => {
      assert.deepEqual(structuredClone(all), all);
      const step = Math.max(1, Math.floor(all.length / LOOKED_AT));
      for (let i = 0; i < all.length; i += step) await checkImage(all[i]);
    });
    await t.step(`lists ${name} in the same order every time`, async () => {
      using again = await make();
      const sets: Record<string, ImageSet> = { train: again.train, ...again.evaluation };
      assert.deepEqual(references(sets[name]), all);
      assert.deepEqual(labels(sets[name]), labels(set));
    });
  }
  for (const [name, set] of Object.entries(source.evaluation ?? {}) as [string, ImageSet][]) {
    await t.step(`has labels and identities of ${name} in their ranges`, () => {
      for (let i = 0; i < set.length; i++) {
        const label = set.label?.(i), identity = set.identity?.(i);
        if (label !== undefined) {
          assert.ok(set.classNames?.[label] !== undefined, `label ${label} of image ${i}`);
        }
        if (identity !== undefined) {
          assert.ok(Number.isInteger(identity), `identity ${identity} of image ${i}`);
        }
      }
    });
  }
  await t.step("means the same by a label in the gallery and in the queries", () => {
    const { gallery, queries } = source.evaluation ?? {};
    const shared = Math.min(gallery?.classNames?.length ?? 0, queries?.classNames?.length ?? 0);
    assert.deepEqual(queries?.classNames?.slice(0, shared), gallery?.classNames?.slice(0, shared));
  });
}

function references(set: ImageSet): ImageReference[] {
  return Array.from({ length: set.length }, (_, i) => set.image(i));
}

function labels(set: ImageSet): unknown[] {
  return Array.from({ length: set.length }, (_, i) => [set.label?.(i), set.identity?.(i)]);
}

/** That the bytes are there, and are pixels of the size that is said, or an encoded picture. */
async function checkImage(image: ImageReference): Promise<void> {
  const { name, file, offset = 0, length, reader } = image;
  if (!reader) {
    const { size, isFile } = await Deno.stat(file);
    assert.ok(isFile, `${name}: "${file}" is no file`);
    assert.ok(offset >= 0 && offset + (length ?? 0) <= size, `${name} ends after its file`);
  }
  const loaded = await loadImage(image);
  const { width, height } = loaded instanceof Uint8Array ? await decode(loaded) : loaded;
  assert.ok(width > 0 && height > 0, name);
}
