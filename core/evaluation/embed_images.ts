import type { ImageSet } from "../interfaces/data_source.ts";
import type { Engine } from "../interfaces/engine.ts";
import type { EmbeddedSet, ViewMaker, ViewRequest } from "../interfaces/evaluator.ts";
import { RunError } from "../errors.ts";
import { rowsNotFinite } from "../finite_rows.ts";
import { endedByFirst } from "../processes/go_on_together.ts";
import type { Processes } from "../processes/processes.ts";
import { quoted } from "../text/printable.ts";
import { ProgressLine } from "../text/progress_line.ts";
import { tf } from "../tf.ts";
import { dealOut, numbersOf } from "./deal_out.ts";

/**
 * A frozen network: `[batch, size, size, 3]` float32 in 0..255 to one `[batch, dim]` a layer, owned by the caller.
 * Of several layers the first are the features, the second the embedding.
 */
export type Encoder = (images: tf.Tensor4D) => Promise<tf.Tensor2D[]>;

/** Centre crops to make, without augmentation. */
export type CentreRequest = Pick<ViewRequest, "images" | "size" | "shortSide"> & { readonly keys: null };

/** How images become rows. */
export interface EmbedOptions {
  engine: Engine;
  /** Whose rows they are, for an error: `the student at step 40`. */
  network: string;
  /** What makes the centre crops: the run's pipeline, or the `views` that an evaluator is given. */
  pipeline: { batches(requests: Iterable<CentreRequest>): ReturnType<ViewMaker["batches"]> };
  batchSize: number;
  /** Side of the centre crop in pixels. */
  size: number;
  /** What the short side is resized to before; default `size / 0.875`. */
  shortSide?: number;
  /** Aborted: stops before the next batch, with the signal's reason as the error. */
  signal?: AbortSignal;
  /** All that embed the set, each with the same options; absent: this one is alone. */
  processes?: Processes | null;
}

/** A layer's outputs for consecutive images: `[rows, dim]` float32, row-major. */
export interface Rows {
  readonly values: Float32Array;
  readonly dim: number;
}

/**
 * Embeds a set of images, unaugmented, batch by batch in their order. Every batch has the same shape, the last one
 * filled up with its first image, so that one traced function serves. Of several processes each embeds a part of the
 * batches, and all get all rows: those of one process, to the bit.
 *
 * @throws {RunError} After the last batch, if a row is not finite: it tells the network, how many and the first image.
 *   Of several processes the first throws it, and the others wait to be ended by it; so with an image that is broken.
 * @throws {StoppedTogether} In all processes, if the signal of one is aborted.
 */
export async function* embedBatches(
  images: ImageSet,
  encode: Encoder,
  options: EmbedOptions,
): AsyncGenerator<Rows[]> {
  const { network, batchSize, processes = null, signal } = options;
  const count = Math.ceil(images.length / batchSize), broken: number[] = [];
  const own = computeBatches(images, encode, options, numbersOf(count, processes));
  const batches = processes
    ? dealOut(processes, { count, batchSize, rows: images.length, own, signal })
    : own;
  let first = 0;
  for await (const made of batches) {
    const inLayers = new Set(made.flatMap(({ values, dim }) => rowsNotFinite(values, dim)));
    broken.push(...[...inLayers].sort((a, b) => a - b).map((row) => first + row));
    yield made;
    first += batchSize;
  }
  if (broken.length === 0) return;
  if (processes && processes.rank !== 0) return await endedByFirst(processes);
  throw new RunError(
    `What ${network} makes of ${broken.length} of ${images.length} images is not finite, the first is ` +
      `${quoted(images.image(broken[0]).name)}: its weights or its running statistics have diverged`,
  );
}

/** Some of the batches, by their numbers. */
async function* computeBatches(
  images: ImageSet,
  encode: Encoder,
  options: Omit<EmbedOptions, "processes" | "network">,
  numbers: readonly number[],
): AsyncGenerator<Rows[]> {
  const { engine, pipeline, batchSize, size, signal } = options;
  let next = 0;
  for await (const { pixels } of pipeline.batches(requests(images, options, numbers))) {
    signal?.throwIfAborted();
    const input = engine.upload(pixels, [batchSize, size, size, 3]);
    const layers = await encode(input),
      rows = Math.min(batchSize, images.length - numbers[next++] * batchSize);
    const values = await Promise.all(layers.map(async (layer) => await layer.data() as Float32Array));
    const dims = layers.map(({ shape }) => shape[1]);
    tf.dispose([input, layers]);
    yield values.map((all, i) => ({ values: all.subarray(0, rows * dims[i]), dim: dims[i] }));
  }
}

/** Embeds a set of images, unaugmented, into memory. */
export async function embedImages(
  images: ImageSet,
  encode: Encoder,
  options: EmbedOptions,
): Promise<EmbeddedSet> {
  const whole: Rows[] = [], { network, processes } = options;
  using progress = processes && processes.rank > 0
    ? null
    : new ProgressLine(`Embedding by ${network}`, { total: images.length, unit: "images" });
  let row = 0;
  for await (const layers of embedBatches(images, encode, options)) {
    layers.forEach(({ values, dim }, i) => {
      whole[i] ??= { values: new Float32Array(images.length * dim), dim };
      whole[i].values.set(values, row * dim);
    });
    row += layers[0].values.length / layers[0].dim;
    progress?.update(row);
  }
  const [features = { values: new Float32Array(0), dim: 0 }, embedding] = whole;
  return { features: features.values, featureDim: features.dim, embedding, images };
}

function* requests(
  images: ImageSet,
  { batchSize, size, shortSide }: { batchSize: number; size: number; shortSide?: number },
  numbers: Iterable<number>,
): Generator<CentreRequest> {
  for (const number of numbers) {
    const first = number * batchSize, index = (i: number) => first + i < images.length ? first + i : first;
    const batch = Array.from({ length: batchSize }, (_, i) => images.image(index(i)));
    yield { images: batch, keys: null, size, shortSide };
  }
}
