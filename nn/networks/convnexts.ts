/**
 * The ConvNeXts that weights are read for; DINOv3's are those.
 *
 * @module
 */
import { convnext, type ConvNeXtOptions } from "../backbones/convnext.ts";
import { IMAGENET } from "../backbones/normalize.ts";
import { convnextLayouts } from "../layouts/convnext.ts";
import type { Network } from "./networks.ts";

const SIZES: Readonly<Record<string, ConvNeXtOptions>> = {
  convnext_tiny: { blocks: [3, 3, 9, 3], widths: [96, 192, 384, 768] },
  convnext_small: { blocks: [3, 3, 27, 3], widths: [96, 192, 384, 768] },
  convnext_base: { blocks: [3, 3, 27, 3], widths: [128, 256, 512, 1024] },
  convnext_large: { blocks: [3, 3, 27, 3], widths: [192, 384, 768, 1536] },
};

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
