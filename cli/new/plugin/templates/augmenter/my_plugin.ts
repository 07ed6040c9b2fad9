/**
 * Views of pictures: a random crop, flipped or not.
 *
 * ```yaml
 * augmenter: { plugin: "./my_plugin.ts", size: 128 }
 * ```
 *
 * @module
 */
import { augmenterOptions, definePlugin, randomCrop, RandomViews } from "@seed/core/augmentation";

export default definePlugin({
  kind: "augmenter",
  name: "my-plugin", // in messages
  apiVersion: 1,
  about: { summary: "A random crop, flipped or not" },
  // size, scale, flip, decode. Every key that a recipe may write beside `plugin`, checked before anything heavy loads.
  options: augmenterOptions.cropOptions({ scale: [0.5, 1] }),
  tells: ({ size }) => ({ size }),
  // It runs in worker threads: all that is random comes from `random`, so that a view is the same wherever it is made.
  create: ({ size, scale, flip, decode }) =>
    new RandomViews(
      size,
      (random, picture) => ({
        crop: randomCrop(random, picture, scale),
        flip: random.chance(flip),
        operations: [], // colours, blur: see `Operation`, and `randomDistortions`
      }),
      decode,
    ),
});
