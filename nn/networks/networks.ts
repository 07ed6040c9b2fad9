/**
 * The networks that weights are read for, by the names that commands and recipes use. A new one is a line here; a
 * new way to name its weights is a layout in its list.
 *
 * @module
 */
import { nearest, UsageError } from "@seed/core";
import { TENSORFLOW } from "../layers/conventions.ts";
import { efficientnet, type EfficientNetVariant } from "../backbones/efficientnet.ts";
import { mobilenetV3, type MobileNetV3Variant } from "../backbones/mobilenet_v3.ts";
import { mobilenetV4, type MobileNetV4Variant } from "../backbones/mobilenet_v4.ts";
import { EFFICIENTNET_LITE, IMAGENET, type Normalization, SWAV } from "../backbones/normalize.ts";
import { resnet, type ResNetDepth } from "../backbones/resnet.ts";
import { efficientnetPytorchLayouts, efficientnetPytorchNames } from "../layouts/efficientnet_pytorch.ts";
import { CONVNEXTS } from "./convnexts.ts";
import { DINO_RESNET_LAYOUTS } from "../layouts/dino.ts";
import { type Build, type Layout, plainLayout } from "../layouts/layout.ts";
import { mobilenetV3PytorchLayouts } from "../layouts/mobilenetv3_pytorch.ts";
import { projectorLayouts } from "../layouts/projector.ts";
import { MOCO_LAYOUTS, MOCO_V3_RESNET_LAYOUTS } from "../layouts/moco.ts";
import { runLayouts } from "../layouts/run.ts";
import { seedPaperLayouts } from "../layouts/seed_paper.ts";
import { SIMCLR_LAYOUTS } from "../layouts/simclr.ts";
import { SIMSIAM_LAYOUTS } from "../layouts/simsiam.ts";
import { SWAV_LAYOUTS } from "../layouts/swav.ts";
import { RESNET_CHILDREN } from "../layouts/torchvision_children.ts";
import { torchvisionEfficientnet, torchvisionMobilenetV3 } from "../layouts/torchvision_mobile.ts";
import { REGNET_NETWORKS } from "./regnets.ts";
import { VISION_TRANSFORMERS } from "./vision_transformers.ts";

/** A network and what is published about it. */
export interface Network {
  readonly name: string;
  /** In timm's conventions. */
  readonly build: Build;
  /** Side in pixels of the pictures that its published figures are for. */
  readonly inputSize: number;
  /** Side of a vision transformer's patches: those of pictures are multiples of it. */
  readonly patch?: number;
  readonly normalization: Normalization;
  /** Layouts of weights that are read, the most particular first. */
  readonly layouts: readonly Layout[];
}

/** All of them. */
export const NETWORKS: ReadonlyMap<string, Network> = new Map(
  [
    resnetOf(18),
    resnetOf(34),
    resnetOf(50),
    resnetOf(101),
    resnetOf(152),
    wideResnet50(2),
    wideResnet50(4),
    wideResnet50(5),
    efficientnetOf("b0", 224, "conv_stem.weight"),
    efficientnetOf("b1", 240, "blocks.0.1.conv_dw.weight"),
    efficientnetOf("b2", 256, "blocks.0.1.conv_dw.weight", 260),
    efficientnetOf("b3", 288, "blocks.3.4.conv_dw.weight", 300),
    efficientnetOf("b4", 320, "blocks.5.7.conv_dw.weight", 380),
    efficientnetLite2(),
    mobilenetV3Of("large", "blocks.6.0.conv.weight"),
    mobilenetV3Of("small", "blocks.5.0.conv.weight"),
    mobilenetV4Of("small", 224, "blocks.2.5.dw_start.conv.weight"),
    mobilenetV4Of("medium", 256, "blocks.3.10.dw_start.conv.weight"),
    ...REGNET_NETWORKS,
    ...VISION_TRANSFORMERS,
    ...CONVNEXTS,
  ].map((network) => [network.name, network]),
);

function resnetOf(depth: ResNetDepth): Network {
  return {
    name: `resnet${depth}`,
    build: (source, normalization) => resnet(source, { depth, normalization }),
    inputSize: 224,
    normalization: IMAGENET,
    layouts: [
      ...MOCO_LAYOUTS,
      ...MOCO_V3_RESNET_LAYOUTS,
      ...SIMSIAM_LAYOUTS,
      ...projectorLayouts({ depth }),
      ...SWAV_LAYOUTS,
      ...SIMCLR_LAYOUTS,
      ...DINO_RESNET_LAYOUTS,
      ...seedPaperLayouts("conv1.weight"),
      ...runLayouts("conv1.weight"),
      plainLayout("timm and torchvision", ["conv1.weight"], "fc.", { library: "torchvision" }),
      RESNET_CHILDREN,
    ],
  };
}

/** SwAV's ResNet-50 of more channels; not timm's `wide_resnet50_2`, whose blocks are wide inside alone. */
function wideResnet50(width: number): Network {
  return {
    name: `resnet50_w${width}`,
    build: (source, normalization) => resnet(source, { depth: 50, width, normalization }),
    inputSize: 224,
    normalization: SWAV,
    layouts: SWAV_LAYOUTS,
  };
}

/**
 * @param inputSize timm's.
 * @param mark A weight that smaller ones of the family do not have by this name.
 * @param ownSize The side that its authors chose, for which `efficientnet-pytorch` pads.
 */
function efficientnetOf(
  variant: EfficientNetVariant,
  inputSize: number,
  mark: string,
  ownSize = inputSize,
): Network {
  return {
    name: `efficientnet_${variant}`,
    build: (source, normalization) => efficientnet(source, variant, normalization),
    inputSize,
    normalization: IMAGENET,
    layouts: [
      ...efficientnetPytorchLayouts(variant, ownSize),
      torchvisionEfficientnet(variant),
      ...runLayouts(mark),
      plainLayout("timm", [mark], "classifier."),
    ],
  };
}

function efficientnetLite2(): Network {
  return {
    name: "efficientnet_lite2",
    build: (source, normalization) => efficientnet(source, "lite2", normalization, TENSORFLOW),
    inputSize: 260,
    normalization: EFFICIENTNET_LITE,
    layouts: [
      plainLayout("efficientnet-lite-pytorch", ["_conv_stem.weight"], "_fc.", {
        rename: efficientnetPytorchNames("lite2"),
      }),
    ],
  };
}

/** @param mark A weight that the others of the family do not have by this name. */
function mobilenetV3Of(variant: MobileNetV3Variant, mark: string): Network {
  return {
    name: `mobilenet_v3_${variant}`,
    build: (source, normalization) => mobilenetV3(source, variant, normalization),
    inputSize: 224,
    normalization: IMAGENET,
    layouts: [
      ...mobilenetV3PytorchLayouts(variant),
      torchvisionMobilenetV3(variant),
      ...runLayouts(mark),
      plainLayout("timm", [mark], "classifier."),
    ],
  };
}

/** @param mark A weight that the other of the family does not have by this name. */
function mobilenetV4Of(variant: MobileNetV4Variant, inputSize: number, mark: string): Network {
  return {
    name: `mobilenet_v4_conv_${variant}`,
    build: (source, normalization) => mobilenetV4(source, variant, normalization),
    inputSize,
    normalization: IMAGENET,
    layouts: [...runLayouts(mark), plainLayout("timm", [mark], "classifier.")],
  };
}

/**
 * The network of a name that commands and recipes use.
 *
 * @throws {UsageError} If there is none.
 *
 * @example
 * ```ts
 * import { networkNamed } from "@seed/nn";
 * import assert from "node:assert/strict";
 *
 * const { inputSize, layouts } = networkNamed("resnet50");
 * assert.equal(inputSize, 224);
 * assert.ok(layouts.some(({ library }) => library === "torchvision"));
 * assert.throws(() => networkNamed("resnet51"), /Did you mean "resnet50"/);
 * ```
 */
export function networkNamed(name: string): Network {
  const network = NETWORKS.get(name);
  if (network) return network;
  const close = nearest(name, NETWORKS.keys());
  throw new UsageError(
    `Unknown network "${name}". ${
      close ? `Did you mean "${close}"?` : `There are ${[...NETWORKS.keys()].join(", ")}`
    }`,
  );
}
