import type { Random } from "@seed/core";

/** A rectangle of a picture, in pixels. */
export interface Crop {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Everything random about a view. It does not depend on the size that the view is rendered at. */
export interface ViewParameters {
  crop: Crop;
  flip: boolean;
  /** Factors and shift of the colour jitter in the order they are applied; null: none. */
  jitter: {
    order: readonly JitterStep[];
    brightness: number;
    contrast: number;
    saturation: number;
    hue: number;
  } | null;
  grayscale: boolean;
  /** Deviation of the blur in pixels of a view of the nominal size; null: none. */
  blurSigma: number | null;
}

/** The four operations of torchvision's `ColorJitter`. */
export type JitterStep = "brightness" | "contrast" | "saturation" | "hue";

/** Ranges and probabilities. */
export interface MocoV2Options {
  size: number;
  scale: readonly [number, number];
  flip: number;
  jitter: { brightness: number; contrast: number; saturation: number; hue: number; probability: number };
  grayscale: number;
  blur: { sigma: readonly [number, number]; probability: number };
}

/** Aspect ratios of crops, torchvision's default. */
const RATIO = [3 / 4, 4 / 3] as const;

/** Draws a view of a picture of `width` x `height` pixels. The order of draws is fixed, whatever their outcome. */
export function sampleView(
  random: Random,
  width: number,
  height: number,
  options: MocoV2Options,
): ViewParameters {
  const crop = sampleCrop(random, width, height, options.scale);
  const { brightness, contrast, saturation, hue, probability } = options.jitter;
  const around = (range: number) => random.uniform(Math.max(0, 1 - range), 1 + range);
  const jittered = random.chance(probability);
  const steps: JitterStep[] = ["brightness", "contrast", "saturation", "hue"];
  const order = Array.from(random.permutation(4), (i) => steps[i]);
  const jitter = {
    order,
    brightness: around(brightness),
    contrast: around(contrast),
    saturation: around(saturation),
    hue: random.uniform(-hue, hue),
  };
  const grayscale = random.chance(options.grayscale);
  const blurred = random.chance(options.blur.probability), sigma = random.uniform(...options.blur.sigma);
  const flip = random.chance(options.flip);
  return { crop, flip, jitter: jittered ? jitter : null, grayscale, blurSigma: blurred ? sigma : null };
}

/** torchvision's `RandomResizedCrop.get_params`: ten tries, then the largest centre crop of a legal ratio. */
function sampleCrop(random: Random, width: number, height: number, scale: readonly [number, number]): Crop {
  const area = width * height;
  for (let attempt = 0; attempt < 10; attempt++) {
    const target = area * random.uniform(...scale);
    const ratio = Math.exp(random.uniform(Math.log(RATIO[0]), Math.log(RATIO[1])));
    const w = Math.round(Math.sqrt(target * ratio)), h = Math.round(Math.sqrt(target / ratio));
    if (w > 0 && w <= width && h > 0 && h <= height) {
      return { left: random.below(width - w + 1), top: random.below(height - h + 1), width: w, height: h };
    }
  }
  const ratio = width / height;
  const w = ratio > RATIO[1] ? Math.round(height * RATIO[1]) : width;
  const h = ratio < RATIO[0] ? Math.round(width / RATIO[0]) : height;
  return { left: (width - w) >> 1, top: (height - h) >> 1, width: w, height: h };
}
