import { join } from "node:path";
import type { Components, Host } from "../components.ts";
import type { ImageSet } from "../data_source.ts";
import { embedBatches } from "../embed_images.ts";
import { lockFile } from "../file_lock.ts";
import type { Recipe } from "../recipe/load_recipe.ts";
import { tf } from "../tf.ts";
import { type EmbeddingStore, MemoryStore } from "./embedding_store.ts";
import { centreSize, openCentreStore } from "./open_caches.ts";

/** What the teacher makes of the training images as they are. */
export interface CentreViews {
  /** `[images, dim]` unit rows, in the images' order; the caller's. */
  embeddings: tf.Tensor2D;
  /** How many of them were computed now. */
  computed: number;
  /** Of those that are kept on disk. */
  bytes: number;
}

/**
 * The teacher's embeddings of the training images' centre views, which neighbours are looked for among. A cache on disk
 * keeps them, so that later runs ask the teacher for nothing; of several processes one computes them.
 *
 * @throws {RunError} If the cache is of other images or of another teacher.
 */
export async function embedCentreViews(parts: Components, recipe: Recipe, host: Host): Promise<CentreViews> {
  const { data: { train }, engine, pipeline } = parts, teacher = parts.teacher!, dim = teacher.embeddingDim;
  using disk = await openCentreStore(parts, recipe, host);
  const store: EmbeddingStore = disk ?? new MemoryStore("fp32");
  const ids = Array.from({ length: train.length }, (_, image) => ({ image, view: 0 }));
  const waiting = () => host.log("Waiting for another process that embeds the images");
  using _claim = disk && store.missing(ids).length
    ? await lockFile(join(disk.folder, "filling.lock"), host.signal, waiting)
    : null;
  disk?.refresh(); // others may have computed them before this process had the lock
  const missing = store.missing(ids),
    images: ImageSet = {
      length: missing.length,
      image: (i) => train.image(missing[i].image),
    };
  let computed = 0;
  const batches = embedBatches(images, async (images) => [await teacher.embed(images)], {
    ...{ engine, pipeline, batchSize: recipe.train.batch_size, size: centreSize(parts), signal: host.signal },
  });
  for await (const [{ values }] of batches) {
    const rows = Array.from(
      { length: values.length / dim },
      (_, i) => values.subarray(i * dim, (i + 1) * dim),
    );
    store.add(missing.slice(computed, computed + rows.length), rows);
    computed += rows.length;
  }
  const values = new Float32Array(train.length * dim);
  ids.forEach((id, i) => values.set(store.row(id), i * dim));
  const bytes = disk ? disk.size * disk.recordBytes : 0;
  return { embeddings: tf.tensor2d(values, [train.length, dim]), computed, bytes };
}
