import assert from "node:assert/strict";
import { eagerEngine } from "../../tests/support/eager_engine.ts";
import { RunError } from "../errors.ts";
import type { ImageSet } from "../interfaces/data_source.ts";
import { tf } from "../tf.ts";
import { Evaluation } from "./evaluation.ts";

const engine = await eagerEngine(), SIZE = 2;

/** Images whose pixels all have the image's number. */
function images(length: number, first = 0): ImageSet {
  return { length, image: (i) => ({ name: `class\n${first + i}.png`, file: `${first + i}` }) };
}

const pipeline = {
  async *batches(requests: Iterable<{ images: readonly { file: string }[] }>) {
    for (const { images } of requests) {
      await Promise.resolve();
      const pixels = new Uint8Array(images.length * SIZE * SIZE * 3);
      images.forEach(({ file }, i) =>
        pixels.fill(Number(file), i * SIZE * SIZE * 3, (i + 1) * SIZE * SIZE * 3)
      );
      yield { pixels, size: SIZE };
    }
  },
};

/** Evaluates what makes a row of an image's number. */
async function evaluate(rowOf: (image: number) => number[]) {
  const data = { gallery: images(5), queries: images(4, 5) };
  const evaluation = new Evaluation([], data, { engine, pipeline, batchSize: 3 });
  const encode = async (batch: tf.Tensor4D) => {
    const values = await batch.data(), rows = batch.shape[0], each = values.length / rows;
    return [tf.tensor2d(Array.from({ length: rows }, (_, i) => rowOf(values[i * each])))];
  };
  return await evaluation.network(encode, { name: "the student at step 7", size: SIZE });
}

for (const broken of [NaN, Infinity, -Infinity]) {
  Deno.test(`a row with ${broken} is an error that names network, count and first image`, async () => {
    await assert.rejects(
      evaluate((image) => image === 2 || image === 4 ? [1, broken] : [image, 1]),
      (error: Error) =>
        error instanceof RunError &&
        error.message ===
          'What the student at step 7 makes of 2 of 5 images is not finite, the first is "class\\n2.png": ' +
            "its weights or its running statistics have diverged",
    );
  });
}

Deno.test("features that are the same for all images are said so, others are not", async () => {
  const told = async (rowOf: (image: number) => number[]) => (await evaluate(rowOf)).identical_features;
  assert.equal(await told(() => [0, 0]), true);
  assert.equal(await told((image) => [0.3 + 1e-8 * image, -2]), true, "differences of rounding");
  assert.equal(await told((image) => [0.3, image === 8 ? -2.1 : -2]), undefined);
  assert.equal(await told((image) => [1e-20 * image, 0]), undefined, "small, but not the same");
});
