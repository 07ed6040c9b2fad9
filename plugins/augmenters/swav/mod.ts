/**
 * SwAV's augmentation of one crop: random crop, flip, strong colour jitter, grayscale, blur (Caron et al., 2020;
 * defaults of facebookresearch/swav `multicropdataset.py` and `main_swav.py`). Its small crops of 96 pixels have a
 * scale of 0.05 to 0.14. The blur is Pillow's, as everywhere here; SwAV's own is OpenCV's, which samples the Gaussian
 * over 23 pixels where Pillow's is three box blurs.
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

const options = augmenterOptions.cropOptions({ scale: [0.14, 1] })
  .extend(augmenterOptions.distortionOptions({ color: 0.8, hue: 0.2 }).shape);

/** Ranges and probabilities. */
export type SwavOptions = z.infer<typeof options>;

/** Draws a view of a picture. The order of draws is fixed, whatever their outcome. */
export function swavView(random: Random, picture: Size, options: SwavOptions): ViewPlan {
  const crop = randomCrop(random, picture, options.scale), flip = random.chance(options.flip);
  return { crop, flip, operations: randomDistortions(random, options) };
}

export default definePlugin({
  kind: "augmenter",
  name: "@seed/augmenter-swav",
  apiVersion: 1,
  about: { summary: "SwAV's crop, flip, colour jitter, grayscale and blur", source: "Caron et al., 2020" },
  options,
  check: augmenterOptions.blurProblems,
  tells: ({ size }) => ({ size }),
  create: (options) =>
    new RandomViews(options.size, (random, size) => swavView(random, size, options), options.decode),
});
