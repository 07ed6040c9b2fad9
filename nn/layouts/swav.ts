import { SWAV } from "../backbones/normalize.ts";
import type { Layout } from "./layout.ts";

/** Files of facebookresearch/swav, whose heads come in three kinds: SwAV's x5 ResNet has no batch norm in its own. */
export const SWAV_LAYOUTS: readonly Layout[] = [
  swav("swav", "projection_head.3"),
  swav("swav, head without batch norm", "projection_head.2"),
  swav("swav, linear head", "projection_head"),
];

/** @param last Of the head's linear layers. */
function swav(name: string, last: string): Layout {
  return {
    name,
    marks: ["module.conv1.weight", `module.${last}.weight`],
    prefix: "module.",
    normalization: SWAV,
    // What it clusters by, one matrix or several.
    dropped: (entry) => entry.startsWith("module.prototypes."),
    head: "projection_head",
  };
}
