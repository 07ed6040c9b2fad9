import type { Host } from "../interfaces/host.ts";
import type { ProcessParts } from "../parts/process_parts.ts";
import type { ImageSet } from "../interfaces/data_source.ts";
import { embedBatches } from "../evaluation/embed_images.ts";
import { isFirst } from "../processes/processes.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { ProgressLine } from "../text/progress_line.ts";
import { tf } from "../tf.ts";
import { sliceSize } from "../views/sampler.ts";
import { type EmbeddingStore, MemoryStore, type StoredPrecision, type ViewId } from "./embedding_store.ts";
import { centreSize, openCentreStore, requireMemory, type Taught } from "./open_caches.ts";

/** Embeddings that are read at a time: between, the process can be interrupted. */
const CHUNK = 4096;

/**
 * The teacher's embeddings of the training images' centre views, which neighbours are looked for among. A cache on disk
 * keeps them, so that later runs ask the teacher for nothing. Of several processes each embeds a part of what lacks, and
 * all have all of them.
 *
 * @returns `[images, dim]` unit rows, in the images' order; the caller's.
 * @throws {RunError} If the cache is of other images or of another teacher, or cannot be written, or memory has no room
 *   for all of them.
 */
export async function embedCentreViews(
  parts: Taught & Pick<ProcessParts, "pipeline" | "standIns" | "processes">,
  recipe: Recipe,
  host: Host,
): Promise<tf.Tensor2D> {
  const { data: { train }, standIns, engine, pipeline, processes } = parts,
    teacher = parts.teacher!,
    dim = teacher.embeddingDim;
  using disk = await openCentreStore(parts, recipe, host);
  // The rows that are returned, and, of a run without a cache on disk, those of the store.
  requireMemory(
    [{ path: ["data"], shape: [train.length, dim], copies: disk ? 1 : 2 }],
    "since neighbours are looked for among the teacher's embeddings of all training images",
  );
  // Of several processes the first writes; the others keep what is new to them as the disk would.
  const fresh: EmbeddingStore = disk && isFirst(processes)
    ? disk
    : new MemoryStore(precisionOf(recipe, disk), train.length);
  const store = disk ?? fresh, missing = new Float32Array(train.length);
  for await (const ids of chunksOf(train.length, host)) {
    const readable = ids.filter(({ image }) => standIns.of(image) === image);
    for (const { image } of store.missing(readable)) missing[image] = 1;
  }
  await processes?.sum(missing); // one that sees the disk a moment later may lack less
  const ids = [...missing.keys()].filter((image) => missing[image]).map((image): ViewId => ({
    image,
    view: 0,
  }));
  const lacking: ImageSet = { length: ids.length, image: (i) => train.image(ids[i].image) };
  // As training gives it: another shape is another graph.
  const batchSize = sliceSize(recipe.train.batch_size, processes);
  const batches = embedBatches(lacking, async (images) => [await teacher.embed(images)], {
    network: "the teacher",
    ...{ engine, pipeline, batchSize, size: centreSize(parts), processes },
    signal: host.signal,
  });
  using progress = isFirst(processes)
    ? new ProgressLine("Embedding by the teacher", { total: ids.length, unit: "images" })
    : null;
  let next = 0;
  for await (const [{ values }] of batches) {
    const some = ids.slice(next, next += values.length / dim);
    progress?.update(next);
    // What is not finite is an error after the last batch; what is kept is asked for never again.
    if (!values.every(Number.isFinite)) continue;
    fresh.add(some, some.map((_, i) => values.subarray(i * dim, (i + 1) * dim)));
  }
  const rows = new Float32Array(train.length * dim);
  for await (const chunk of chunksOf(train.length, host)) {
    for (const { image, view } of chunk) {
      const shown = standIns.of(image);
      rows.set((missing[shown] ? fresh : store).row({ image: shown, view }), image * dim);
    }
  }
  return tf.tensor2d(rows, [train.length, dim]);
}

function precisionOf({ teacher }: Recipe, disk: unknown): StoredPrecision {
  return disk ? teacher!.cache!.precision : "fp32";
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
