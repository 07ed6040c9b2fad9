/**
 * MoCo-v2's augmentation, which SEED uses too: random crop, colour jitter, grayscale, blur, flip (Chen et al.,
 * 2020; defaults of facebookresearch/moco `main_moco.py --aug-plus`).
 *
 * @module
 */
import {
  augmenterOptions,
  definePlugin,
  type Random,
  randomCrop,
  randomDistortions,
  RandomViews,
  type Size,
  type ViewPlan,
  type z,
} from "@seed/core/augmentation";

const options = augmenterOptions.cropOptions({ scale: [0.2, 1] })
  .extend(augmenterOptions.distortionOptions({ color: 0.4, hue: 0.1 }).shape);

/** Ranges and probabilities. */
export type MocoV2Options = z.infer<typeof options>;

/** Draws a view of a picture. The order of draws is fixed, whatever their outcome. */
export function mocoV2View(random: Random, picture: Size, options: MocoV2Options): ViewPlan {
  const crop = randomCrop(random, picture, options.scale), operations = randomDistortions(random, options);
  return { crop, operations, flip: random.chance(options.flip) };
}

export default definePlugin({
  kind: "augmenter",
  name: "@seed/augmenter-moco-v2",
  apiVersion: 1,
  about: { summary: "MoCo-v2's crop, colour jitter, grayscale, blur and flip", source: "Chen et al., 2020" },
  options,
  check: augmenterOptions.blurProblems,
  tells: ({ size }) => ({ size }),
  create: (options) =>
    new RandomViews(options.size, (random, size) => mocoV2View(random, size, options), options.decode),
});
