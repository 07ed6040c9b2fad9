/**
 * Checkpoints that hold the head beside the backbone: `backbone.*` and `projector.*`.
 *
 * @module
 */
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

/**
 * Files of solo-learn, which trains a classifier along; of facebookresearch/barlowtwins (`main.py`) and
 * facebookresearch/vicreg (`main_vicreg.py`), whose `resnet50.pth` are torchvision's but for the classifier.
 */
export const PROJECTOR_LAYOUTS: readonly Layout[] = [
  besideBackbone("solo-learn", "", ["classifier.weight"]),
  besideBackbone("barlow twins and vicreg", "module.", []),
];
