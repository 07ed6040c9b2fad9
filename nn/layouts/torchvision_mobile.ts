import { type Conventions, TENSORFLOW } from "../layers/conventions.ts";
import { efficientnetStages, type EfficientNetVariant } from "../backbones/efficientnet.ts";
import { type BlockParts, type BlockShape, expands } from "../layers/inverted_residual.ts";
import { mobilenetV3, mobilenetV3Stages, type MobileNetV3Variant } from "../backbones/mobilenet_v3.ts";
import { type Layout, plainLayout } from "./layout.ts";
import { blockModules, renameModules } from "./rename_modules.ts";

/** torchvision numbers the parts of a block that are there. */
function blockParts(shape: BlockShape): BlockParts {
  const convNorm = (i: number) => [`block.${i}.0`, `block.${i}.1`] as const;
  const depthwise = expands(shape) ? 1 : 0, excite = depthwise + 1;
  return {
    expand: convNorm(0),
    depthwise: convNorm(depthwise),
    excite: [`block.${excite}.fc1`, `block.${excite}.fc2`],
    project: convNorm(shape.excite ? excite + 1 : excite),
  };
}

/** torchvision's EfficientNet (`torchvision/models/efficientnet.py`). */
export function torchvisionEfficientnet(variant: EfficientNetVariant): Layout {
  const stages = efficientnetStages(variant), last = `features.${stages.length + 1}`;
  return plainLayout("torchvision", ["features.0.0.weight", `${last}.0.weight`], "classifier.", {
    library: "torchvision",
    rename: renameModules([
      ["conv_stem", "features.0.0"],
      ["bn1", "features.0.1"],
      ...blockModules(stages, ({ stage, block }) => `features.${stage + 1}.${block}`, blockParts),
      ["conv_head", `${last}.0`],
      ["bn2", `${last}.1`],
    ]),
  });
}

/** TensorFlow's batch norm, PyTorch's padding. */
const MOBILENET: Conventions = { ...TENSORFLOW, padding: "symmetric" };

/** torchvision's MobileNetV3 (`torchvision/models/mobilenetv3.py`). */
export function torchvisionMobilenetV3(variant: MobileNetV3Variant): Layout {
  const stages = mobilenetV3Stages(variant), last = `features.${stages.flat().length + 1}`;
  return plainLayout("torchvision", ["features.1.block.0.0.weight", `${last}.0.weight`], "classifier.3.", {
    library: "torchvision",
    rename: renameModules([
      ["conv_stem", "features.0.0"],
      ["bn1", "features.0.1"],
      ...blockModules(stages, ({ index }) => `features.${index + 1}`, blockParts),
      [`blocks.${stages.length}.0.conv`, `${last}.0`],
      [`blocks.${stages.length}.0.bn1`, `${last}.1`],
      ["conv_head", "classifier.0"],
    ]),
    matrices: ["classifier.0.weight"],
    build: (source, normalization) => mobilenetV3(source, variant, normalization, MOBILENET),
    epsilon: MOBILENET.epsilon,
  });
}
