import { TIMM } from "../layers/conventions.ts";
import { type BlockParts, type BlockShape, expands } from "../layers/inverted_residual.ts";
import { mobilenetV3, mobilenetV3Stages, type MobileNetV3Variant } from "../backbones/mobilenet_v3.ts";
import { type Layout, plainLayout } from "./layout.ts";
import { blockModules, renameModules } from "./rename_modules.ts";
import { seedPaperLayouts } from "./seed_paper.ts";

/** The port numbers the parts of a block with its activations, and keeps a place for the ones that are not there. */
function blockParts(shape: BlockShape): BlockParts {
  const conv = (...indices: [number, number]) => indices.map((i) => `conv.${i}`) as [string, string];
  const excite = (i: number) => [`conv.${i}.fc.0`, `conv.${i}.fc.2`] as const;
  return expands(shape)
    ? { expand: conv(0, 1), depthwise: conv(3, 4), excite: excite(5), project: conv(7, 8) }
    : { expand: conv(0, 1), depthwise: conv(0, 1), excite: excite(3), project: conv(4, 5) };
}

/**
 * Files of d-li14/mobilenetv3.pytorch, and the students that SEED's authors made with it. Blocks that expand have
 * their squeeze-and-excitation, of linear layers, before the activation.
 */
export function mobilenetV3PytorchLayouts(variant: MobileNetV3Variant): Layout[] {
  const stages = mobilenetV3Stages(variant);
  const own: Pick<Layout, "rename" | "build" | "differs"> = {
    rename: renameModules([
      ["conv_stem", "features.0.0"],
      ["bn1", "features.0.1"],
      ...blockModules(stages, ({ index }) => `features.${index + 1}`, blockParts),
      [`blocks.${stages.length}.0.conv`, "conv.0"],
      [`blocks.${stages.length}.0.bn1`, "conv.1"],
      ["conv_head", "classifier.0"],
    ]),
    build: (source, normalization) =>
      mobilenetV3(source, variant, normalization, { ...TIMM, excitesFirst: true }),
    differs: "scales channels before the activation",
  };
  const marks = ["features.1.conv.0.weight", "conv.0.weight"];
  return [
    ...seedPaperLayouts(marks[0], own),
    plainLayout("mobilenetv3.pytorch", marks, "classifier.3.", own),
  ];
}
