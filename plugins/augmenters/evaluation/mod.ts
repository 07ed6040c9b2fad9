/**
 * Evaluation's view, without anything random: the short side is resized, and the centre cut out.
 *
 * @module
 */
import {
  type Augmenter,
  augmenterOptions,
  BICUBIC,
  BILINEAR,
  centerView,
  definePlugin,
  shortSideFor,
  z,
} from "@seed/core/augmentation";

const FILTERS = { bicubic: BICUBIC, bilinear: BILINEAR };

export default definePlugin({
  kind: "augmenter",
  name: "@seed/augmenter-evaluation",
  apiVersion: 1,
  about: { summary: "Evaluation's view: the short side resized, the centre cut out" },
  options: z.strictObject({
    /** Side of a view in pixels. */
    size: z.int().min(8).max(1024).default(224),
    /** What the short side is resized to for a view of `size`; null: `size / 0.875`. */
    short_side: z.int().min(8).max(8192).nullable().default(null),
    interpolation: z.enum(["bicubic", "bilinear"]).default("bicubic"),
    decode: augmenterOptions.decode,
  }).refine(({ size, short_side }) => short_side === null || short_side >= size, {
    path: ["short_side"],
    message: "Expected a short side of at least size",
  }),
  tells: ({ size }) => ({ size }),
  create({ size: nominal, short_side, interpolation, decode }): Augmenter {
    const filter = FILTERS[interpolation], shortSide = short_side ?? shortSideFor(nominal);
    return {
      size: nominal,
      view: (image, _random, size) => {
        return centerView(image, size, Math.round(shortSide * size / nominal), filter, decode);
      },
    };
  },
});
