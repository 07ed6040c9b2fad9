import type { Host } from "../interfaces/host.ts";
import type { ProcessParts } from "../parts/process_parts.ts";
import type { ImageSet } from "../interfaces/data_source.ts";
import { embedBatches } from "../evaluation/embed_images.ts";
import type { Recipe } from "../recipe/load_recipe.ts";
import { tf } from "../tf.ts";
import { type EmbeddingStore, MemoryStore, type ViewId } from "./embedding_store.ts";
import { centreSize, openCentreStore, type Taught } from "./open_caches.ts";

/** Embeddings that are read at a time: between, the process can be interrupted. */
const CHUNK = 4096;

/**
 * The teacher's embeddings of the training images' centre views, which neighbours are looked for among. A cache on disk
 * keeps them, so that later runs ask the teacher for nothing.
 *
 * @returns `[images, dim]` unit rows, in the images' order; the caller's.
 * @throws {RunError} If the cache is of other images or of another teacher, or cannot be written.
 */
export async function embedCentreViews(
  parts: Taught & Pick<ProcessParts, "pipeline" | "standIns">,
  recipe: Recipe,
  host: Host,
): Promise<tf.Tensor2D> {
  const { data: { train }, standIns, engine, pipeline } = parts,
    teacher = parts.teacher!,
    dim = teacher.embeddingDim;
  using disk = await openCentreStore(parts, recipe, host);
  const store: EmbeddingStore = disk ?? new MemoryStore("fp32"), missing: ViewId[] = [];
  for await (const ids of chunksOf(train.length, host)) {
    missing.push(...store.missing(ids.filter(({ image }) => standIns.of(image) === image)));
  }
  const lacking: ImageSet = { length: missing.length, image: (i) => train.image(missing[i].image) };
  const batches = embedBatches(lacking, async (images) => [await teacher.embed(images)], {
    network: "the teacher",
    ...{ engine, pipeline, batchSize: recipe.train.batch_size, size: centreSize(parts) },
    signal: host.signal,
  });
  let next = 0;
  for await (const [{ values }] of batches) {
    const ids = missing.slice(next, next += values.length / dim);
    // What is not finite is an error after the last batch; what is kept is asked for never again.
    if (!values.every(Number.isFinite)) continue;
    store.add(ids, ids.map((_, i) => values.subarray(i * dim, (i + 1) * dim)));
  }
  const rows = new Float32Array(train.length * dim);
  for await (const ids of chunksOf(train.length, host)) {
    for (const { image, view } of ids) rows.set(store.row({ image: standIns.of(image), view }), image * dim);
  }
  return tf.tensor2d(rows, [train.length, dim]);
}

/** All images' centre views, some at a time. */
async function* chunksOf(images: number, { signal }: Host): AsyncGenerator<ViewId[]> {
  for (let first = 0; first < images; first += CHUNK) {
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
    const length = Math.min(CHUNK, images - first);
    yield Array.from({ length }, (_, i) => ({ image: first + i, view: 0 }));
  }
}
