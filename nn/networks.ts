/**
 * The networks that weights are read for, by the names that commands and recipes use. A new one is a line here; a
 * new way to name its weights is a layout in its list.
 *
 * @module
 */
import { nearest, UsageError } from "@seed/core";
import { efficientnetB0 } from "./efficientnet.ts";
import { efficientnetLite2 } from "./efficientnet_lite.ts";
import { EFFICIENTNET_LITE, IMAGENET, type Normalization } from "./normalize.ts";
import { resnet, type ResNetDepth } from "./resnet.ts";
import { type Build, type Layout, plainLayout } from "./layouts/layout.ts";
import { MOCO_LAYOUTS } from "./layouts/moco.ts";
import { runLayouts } from "./layouts/run.ts";

/** A network and what is published about it. */
export interface Network {
  readonly name: string;
  /** In timm's conventions. */
  readonly build: Build;
  /** Side in pixels of the pictures that its published figures are for. */
  readonly inputSize: number;
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
    {
      name: "efficientnet_b0",
      build: efficientnetB0,
      inputSize: 224,
      normalization: IMAGENET,
      layouts: [...runLayouts("conv_stem.weight"), plainLayout("timm", "conv_stem.weight", "classifier.")],
    },
    {
      name: "efficientnet_lite2",
      build: efficientnetLite2,
      inputSize: 260,
      normalization: EFFICIENTNET_LITE,
      layouts: [plainLayout("efficientnet-lite-pytorch", "_conv_stem.weight", "_fc.")],
    },
  ].map((network) => [network.name, network]),
);

function resnetOf(depth: ResNetDepth): Network {
  return {
    name: `resnet${depth}`,
    build: (source, normalization) => resnet(source, depth, normalization),
    inputSize: 224,
    normalization: IMAGENET,
    layouts: [
      ...MOCO_LAYOUTS,
      ...runLayouts("conv1.weight"),
      plainLayout("timm, torchvision", "conv1.weight", "fc."),
    ],
  };
}

/** @throws {UsageError} If there is no network of the name. */
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
