/**
 * Checkpoints that hold the head beside the backbone: `backbone.*` and `projector.*`.
 *
 * @module
 */
import { resnet, type ResNetOptions, stemOf } from "../backbones/resnet.ts";
import type { Layout } from "./layout.ts";

/** What else there is belongs to the training: averages, prediction heads, the batch norm of Barlow Twins' loss. */
function besideBackbone(name: string, prefix: string, more: readonly string[]): Layout {
  const isOurs = (entry: string) =>
    ["backbone.", "projector."].some((start) => entry.startsWith(prefix + start));
  return {
    name,
    marks: [`${prefix}backbone.conv1.weight`, `${prefix}projector.0.weight`, ...more],
    prefix,
    rename: (entry) => entry.startsWith("projector.") ? entry : `backbone.${entry}`,
    dropped: (entry) => !isOurs(entry),
    head: "projector",
  };
}

/** Pixels that solo-learn's first convolution for CIFAR's images pads (`methods/base.py`); all others pad by one. */
const SOLO_PADDING = 2;

/**
 * Files of solo-learn, which trains a classifier along; of facebookresearch/barlowtwins (`main.py`) and
 * facebookresearch/vicreg (`main_vicreg.py`), whose `resnet50.pth` are torchvision's but for the classifier.
 */
export function projectorLayouts(options: Pick<ResNetOptions, "depth" | "width">): Layout[] {
  return [
    {
      ...besideBackbone("solo-learn", "", ["classifier.weight"]),
      build: (source, normalization) =>
        resnet(source, { ...options, normalization, smallPadding: SOLO_PADDING }),
      differs: (source) =>
        stemOf(source) === "small" ? `pads pictures by ${SOLO_PADDING} pixels, not 1` : null,
    },
    besideBackbone("barlow twins and vicreg", "module.", []),
  ];
}
