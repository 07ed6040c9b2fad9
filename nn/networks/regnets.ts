/**
 * The RegNets that weights are read for.
 *
 * @module
 */
import { IMAGENET } from "../backbones/normalize.ts";
import { regnet, REGNETS, type RegNetVariant } from "../backbones/regnet.ts";
import { plainLayout } from "../layouts/layout.ts";
import { runLayouts } from "../layouts/run.ts";
import { torchvisionRegnet } from "../layouts/torchvision_regnet.ts";
import type { Network } from "./networks.ts";

/** A weight that the other of the family does not have by this name, or in this shape. */
const MARK = { y_400mf: "s4.b6.conv1.conv.weight", y_800mf: "s3.b8.conv1.conv.weight" };

/** All of them. torchvision's RegNetY-800MF has other widths than its authors', which are timm's: it is not read. */
export const REGNET_NETWORKS: readonly Network[] = [
  network("y_400mf", [torchvisionRegnet(REGNETS.y_400mf)]),
  network("y_800mf", []),
];

function network(variant: RegNetVariant, others: Network["layouts"]): Network {
  const mark = MARK[variant];
  return {
    name: `regnet_${variant}`,
    build: (source, normalization) => regnet(source, REGNETS[variant], normalization),
    inputSize: 224,
    normalization: IMAGENET,
    layouts: [...others, ...runLayouts(mark), plainLayout("timm", [mark], "head.fc.")],
  };
}
