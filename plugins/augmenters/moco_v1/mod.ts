/**
 * MoCo's first augmentation, that of instance discrimination: random crop, grayscale, colour jitter, flip (Wu et al.,
 * 2018; defaults and order of facebookresearch/moco `main_moco.py` without `--aug-plus`).
 *
 * @module
 */
import {
  augmenterOptions,
  colorJitter,
  definePlugin,
  type Random,
  randomCrop,
  RandomViews,
  type Size,
  type ViewPlan,
  type z,
} from "@seed/core/augmentation";

const { cropOptions, jitterOptions, probability } = augmenterOptions;

const options = cropOptions({ scale: [0.2, 1] }).extend({
  /** Probability. */
  grayscale: probability.default(0.2),
  jitter: jitterOptions({ color: 0.4, hue: 0.4 }).prefault({}),
});

/** Ranges and probabilities. */
export type MocoV1Options = z.infer<typeof options>;

/** Draws a view of a picture. The order of draws is fixed, whatever their outcome. */
export function mocoV1View(random: Random, picture: Size, options: MocoV1Options): ViewPlan {
  const crop = randomCrop(random, picture, options.scale), gray = random.chance(options.grayscale);
  const jitter = colorJitter(random, options.jitter), flip = random.chance(options.flip);
  return { crop, flip, operations: gray ? [{ kind: "grayscale" }, ...jitter] : jitter };
}

export default definePlugin({
  kind: "augmenter",
  name: "@seed/augmenter-moco-v1",
  apiVersion: 1,
  about: { summary: "MoCo-v1's crop, grayscale, colour jitter and flip", source: "He et al., 2020" },
  options,
  tells: ({ size }) => ({ size }),
  create: (options) =>
    new RandomViews(options.size, (random, size) => mocoV1View(random, size, options), options.decode),
});
