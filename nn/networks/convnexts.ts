/**
 * The ConvNeXts that weights are read for; DINOv3's are those.
 *
 * @module
 */
import { convnext, type ConvNeXtOptions } from "../backbones/convnext.ts";
import { IMAGENET } from "../backbones/normalize.ts";
import { convnextLayouts } from "../layouts/convnext.ts";
import type { Build } from "../layouts/layout.ts";
import type { Network } from "./networks.ts";

const SIZES = {
  convnext_atto: { blocks: [2, 2, 6, 2], widths: [40, 80, 160, 320], convolutions: true },
  convnext_femto: { blocks: [2, 2, 6, 2], widths: [48, 96, 192, 384], convolutions: true },
  convnext_pico: { blocks: [2, 2, 6, 2], widths: [64, 128, 256, 512], convolutions: true },
  convnext_nano: { blocks: [2, 2, 8, 2], widths: [80, 160, 320, 640], convolutions: true },
  convnext_tiny: { blocks: [3, 3, 9, 3], widths: [96, 192, 384, 768] },
  convnext_small: { blocks: [3, 3, 27, 3], widths: [96, 192, 384, 768] },
  convnext_base: { blocks: [3, 3, 27, 3], widths: [128, 256, 512, 1024] },
  convnext_large: { blocks: [3, 3, 27, 3], widths: [192, 384, 768, 1536] },
} as const satisfies Record<string, ConvNeXtOptions>;

/**
 * Builds one as a student.
 *
 * @param dropPath How often what the last block adds is dropped in training.
 */
export function studentConvNeXt(
  variant: "atto" | "femto" | "pico" | "nano" | "tiny",
  dropPath: number,
): Build {
  return (source, normalization) =>
    convnext(source, { ...SIZES[`convnext_${variant}`], dropPath }, normalization);
}

/** All of them. */
export const CONVNEXTS: readonly Network[] = convnexts();

/**
 * Makes them.
 *
 * @param blocks Of each stage, in place of its own: for tests, which need not wait for all of them.
 */
export function convnexts(blocks?: readonly number[]): Network[] {
  return Object.entries(SIZES).map(([name, own]) => {
    const options = blocks ? { ...own, blocks } : own;
    return {
      ...{ name, inputSize: 224, normalization: IMAGENET, layouts: convnextLayouts(options) },
      build: (source, normalization) => convnext(source, options, normalization),
    };
  });
}
