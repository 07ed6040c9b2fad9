import type { ImageSet } from "../interfaces/data_source.ts";
import type { Engine } from "../interfaces/engine.ts";
import type { EmbeddedSet, ViewMaker, ViewRequest } from "../interfaces/evaluator.ts";
import { RunError } from "../errors.ts";
import { rowsNotFinite } from "../finite_rows.ts";
import { quoted } from "../text/printable.ts";
import { tf } from "../tf.ts";

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
}

/** A layer's outputs for consecutive images: `[rows, dim]` float32, row-major. */
export interface Rows {
  readonly values: Float32Array;
  readonly dim: number;
}

/**
 * Embeds a set of images, unaugmented, batch by batch in their order. Every batch has the same shape, the last one
 * filled up with its first image, so that one traced function serves.
 *
 * @throws {RunError} After the last batch, if a row is not finite: it tells the network, how many and the first image.
 */
export async function* embedBatches(
  images: ImageSet,
  encode: Encoder,
  { engine, network, pipeline, batchSize, size, shortSide, signal }: EmbedOptions,
): AsyncGenerator<Rows[]> {
  let left = images.length;
  const broken: number[] = [];
  for await (const { pixels } of pipeline.batches(requests(images, { batchSize, size, shortSide }))) {
    signal?.throwIfAborted();
    const input = engine.upload(pixels, [batchSize, size, size, 3]);
    const layers = await encode(input), rows = Math.min(batchSize, left);
    const values = await Promise.all(layers.map(async (layer) => await layer.data() as Float32Array));
    const dims = layers.map(({ shape }) => shape[1]);
    tf.dispose([input, layers]);
    const made = values.map((all, i) => ({ values: all.subarray(0, rows * dims[i]), dim: dims[i] }));
    const inLayers = new Set(made.flatMap(({ values, dim }) => rowsNotFinite(values, dim)));
    broken.push(...[...inLayers].sort((a, b) => a - b).map((row) => images.length - left + row));
    yield made;
    left -= batchSize;
  }
  if (broken.length) {
    throw new RunError(
      `What ${network} makes of ${broken.length} of ${images.length} images is not finite, the first is ` +
        `${quoted(images.image(broken[0]).name)}: its weights or its running statistics have diverged`,
    );
  }
}

/** Embeds a set of images, unaugmented, into memory. */
export async function embedImages(
  images: ImageSet,
  encode: Encoder,
  options: EmbedOptions,
): Promise<EmbeddedSet> {
  const whole: Rows[] = [];
  let row = 0;
  for await (const layers of embedBatches(images, encode, options)) {
    layers.forEach(({ values, dim }, i) => {
      whole[i] ??= { values: new Float32Array(images.length * dim), dim };
      whole[i].values.set(values, row * dim);
    });
    row += layers[0].values.length / layers[0].dim;
  }
  const [features = { values: new Float32Array(0), dim: 0 }, embedding] = whole;
  return { features: features.values, featureDim: features.dim, embedding, images };
}

function* requests(
  images: ImageSet,
  { batchSize, size, shortSide }: { batchSize: number; size: number; shortSide?: number },
): Generator<CentreRequest> {
  for (let first = 0; first < images.length; first += batchSize) {
    const index = (i: number) => first + i < images.length ? first + i : first;
    const batch = Array.from({ length: batchSize }, (_, i) => images.image(index(i)));
    yield { images: batch, keys: null, size, shortSide };
  }
}
