import type { ImageSet } from "./data_source.ts";
import type { Engine } from "./engine.ts";
import type { EmbeddedSet } from "./evaluator.ts";
import type { ViewPipeline } from "./pipeline/view_pipeline.ts";
import type { tf } from "./tf.ts";

/** A frozen network: `[batch, size, size, 3]` float32 in 0..255 to `[batch, featureDim]`, owned by the caller. */
export type Encoder = (images: tf.Tensor4D) => Promise<tf.Tensor2D>;

/**
 * Embeds a set of images, unaugmented. Every batch has the same shape, the last one filled up with its first
 * image, so that one traced function serves.
 */
export async function embedImages(
  images: ImageSet,
  encode: Encoder,
  options: { engine: Engine; pipeline: ViewPipeline; batchSize: number; size: number },
): Promise<EmbeddedSet> {
  const { engine, pipeline, batchSize, size } = options;
  let features: Float32Array | null = null, featureDim = 0, done = 0;
  for await (const { pixels } of pipeline.batches(requests(images, batchSize, size))) {
    const input = engine.upload(pixels, [batchSize, size, size, 3]);
    const output = await encode(input);
    const values = await output.data() as Float32Array;
    featureDim = output.shape[1];
    features ??= new Float32Array(images.length * featureDim);
    features.set(
      values.subarray(0, Math.min(batchSize, images.length - done) * featureDim),
      done * featureDim,
    );
    done += batchSize;
    input.dispose();
    output.dispose();
  }
  return { features: features ?? new Float32Array(0), featureDim, images };
}

function* requests(images: ImageSet, batchSize: number, size: number) {
  for (let first = 0; first < images.length; first += batchSize) {
    const index = (i: number) => first + i < images.length ? first + i : first;
    yield { images: Array.from({ length: batchSize }, (_, i) => images.image(index(i))), keys: null, size };
  }
}
