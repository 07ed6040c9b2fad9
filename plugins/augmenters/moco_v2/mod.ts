/**
 * MoCo-v2's augmentation, which SEED uses too: random crop, colour jitter, grayscale, blur, flip (Chen et al.,
 * 2020; defaults of facebookresearch/moco `main_moco.py --aug-plus`).
 *
 * @module
 */
import {
  type Augmenter,
  BILINEAR,
  decode,
  definePlugin,
  type Pixels,
  type Random,
  resize,
  type ViewDescription,
  z,
} from "@seed/core";
import { gaussianBlur } from "./blur.ts";
import { jitterColors, toGrayscale } from "./color.ts";
import { type Crop, type MocoV2Options, sampleView } from "./parameters.ts";

export { type MocoV2Options, sampleView, type ViewParameters } from "./parameters.ts";

class MocoV2Augmenter implements Augmenter {
  readonly size: number;

  constructor(private readonly options: MocoV2Options) {
    this.size = options.size;
  }

  async view(image: Uint8Array | Pixels, random: Random, size: number): Promise<Uint8Array> {
    const picture = image instanceof Uint8Array ? await decode(image) : image;
    const parameters = sampleView(random, picture.width, picture.height, this.options);
    const pixels = cropAndResize(picture, parameters.crop, size);
    if (parameters.jitter) jitterColors(pixels, parameters.jitter);
    if (parameters.grayscale) toGrayscale(pixels);
    // Sigma is meant for the nominal size: the same view at another size is blurred as much.
    if (parameters.blurSigma !== null) {
      gaussianBlur(pixels, size, size, parameters.blurSigma * size / this.size);
    }
    if (parameters.flip) flipHorizontally(pixels, size);
    return pixels;
  }

  describe({ width, height }: Pick<Pixels, "width" | "height">, random: Random): ViewDescription {
    return { ...sampleView(random, width, height, this.options) };
  }
}

/** As torchvision's crop and resize of a PIL image: the crop's edges are the picture's, bilinear, antialiased. */
function cropAndResize({ data, width }: Pixels, crop: Crop, size: number): Uint8Array {
  const rowBytes = 3 * crop.width, cropped = new Uint8Array(rowBytes * crop.height);
  for (let y = 0; y < crop.height; y++) {
    const from = 3 * ((crop.top + y) * width + crop.left);
    cropped.set(data.subarray(from, from + rowBytes), y * rowBytes);
  }
  const square = { width: size, height: size };
  return resize({ ...crop, data: cropped }, BILINEAR, square, { ...square, left: 0, top: 0 });
}

function flipHorizontally(pixels: Uint8Array, size: number): void {
  const row = new Uint8Array(3);
  for (let y = 0; y < size; y++) {
    for (let left = y * size * 3, right = left + (size - 1) * 3; left < right; left += 3, right -= 3) {
      row.set(pixels.subarray(left, left + 3));
      pixels.copyWithin(left, right, right + 3);
      pixels.set(row, right);
    }
  }
}

const probability = z.number().min(0).max(1);
const range = (low: number, high: number) =>
  z.tuple([z.number(), z.number()]).refine(([a, b]) => low <= a && a <= b && b <= high, {
    message: `Expected two numbers in ascending order between ${low} and ${high}`,
  });

export default definePlugin({
  kind: "augmenter",
  name: "@seed/augmenter-moco-v2",
  apiVersion: 1,
  about: { summary: "MoCo-v2's crop, colour jitter, grayscale, blur and flip", source: "Chen et al., 2020" },
  options: z.strictObject({
    /** Side of a view in pixels. */
    size: z.int().min(8).max(1024).default(224),
    /** Share of the picture's area that a crop takes. */
    scale: range(0, 1).default([0.2, 1]),
    /** Probability. */
    flip: probability.default(0.5),
    jitter: z.strictObject({
      brightness: z.number().min(0).default(0.4),
      contrast: z.number().min(0).default(0.4),
      saturation: z.number().min(0).default(0.4),
      hue: z.number().min(0).max(0.5).default(0.1),
      probability: probability.default(0.8),
    }).prefault({}),
    /** Probability. */
    grayscale: probability.default(0.2),
    blur: z.strictObject({
      /** Deviation in pixels of a view of `size`. */
      sigma: range(0, 100).default([0.1, 2]),
      probability: probability.default(0.5),
    }).prefault({}),
  }),
  create: (options) => new MocoV2Augmenter(options),
});
