import { SWAV } from "../backbones/normalize.ts";
import type { Layout } from "./layout.ts";

/** Files of facebookresearch/swav, whose heads come in three kinds: SwAV's x5 ResNet has no batch norm in its own. */
export const SWAV_LAYOUTS: readonly Layout[] = [
  swav("swav", "projection_head.3"),
  swav("swav, head without batch norm", "projection_head.2"),
  swav("swav, linear head", "projection_head"),
];

/**
 * SwAV's files whose head was cut off. Their names are anybody's in `DataParallel`, so only who says that a file is
 * SwAV's gets its normalisation.
 */
export const SWAV_HEADLESS_LAYOUTS: readonly Layout[] = [
  { ...shared(["module.conv1.weight"]), name: "swav, without head", head: null },
];

/** @param last Of the head's linear layers. */
function swav(name: string, last: string): Layout {
  return { ...shared(["module.conv1.weight", `module.${last}.weight`]), name, head: "projection_head" };
}

function shared(marks: readonly string[]): Omit<Layout, "name" | "head"> {
  return {
    marks,
    prefix: "module.",
    normalization: SWAV,
    // What it clusters by, one matrix or several.
    dropped: (entry) => entry.startsWith("module.prototypes."),
  };
}
