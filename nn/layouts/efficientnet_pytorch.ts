import { TENSORFLOW } from "../layers/conventions.ts";
import { efficientnet, efficientnetStages, type EfficientNetVariant } from "../backbones/efficientnet.ts";
import { type Layout, plainLayout } from "./layout.ts";
import { blockModules, renameModules } from "./rename_modules.ts";
import { seedPaperLayouts } from "./seed_paper.ts";

const PARTS = {
  expand: ["_expand_conv", "_bn0"],
  depthwise: ["_depthwise_conv", "_bn1"],
  excite: ["_se_reduce", "_se_expand"],
  project: ["_project_conv", "_bn2"],
} as const;

/** Names of lukemelas/EfficientNet-PyTorch (the package `efficientnet-pytorch`) from timm's. */
export function efficientnetPytorchNames(variant: EfficientNetVariant): (name: string) => string {
  return renameModules([
    ["conv_stem", "_conv_stem"],
    ["bn1", "_bn0"],
    ...blockModules(efficientnetStages(variant), ({ index }) => `_blocks.${index}`, () => PARTS),
    ["conv_head", "_conv_head"],
    ["bn2", "_bn1"],
  ]);
}

/**
 * Files of lukemelas/EfficientNet-PyTorch, and the students that SEED's authors made with it. The network pads as
 * TensorFlow would pictures of its own size, whatever size comes (`Conv2dStaticSamePadding`).
 *
 * @param inputSize Side of those.
 */
export function efficientnetPytorchLayouts(variant: EfficientNetVariant, inputSize: number): Layout[] {
  const own: Pick<Layout, "rename" | "build" | "epsilon" | "differs"> = {
    rename: efficientnetPytorchNames(variant),
    build: (source, normalization) =>
      efficientnet(source, variant, normalization, { ...TENSORFLOW, padding: inputSize }),
    epsilon: TENSORFLOW.epsilon,
    differs: "pads pictures as TensorFlow does",
  };
  const marks = ["_conv_stem.weight", "_blocks.0._se_reduce.weight"];
  return [
    ...seedPaperLayouts(marks[0], own),
    plainLayout("efficientnet-pytorch", marks, "_fc.", own),
  ];
}
