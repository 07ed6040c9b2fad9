import type { RegNetOptions } from "../backbones/regnet.ts";
import { type Layout, plainLayout } from "./layout.ts";
import { type ModuleNames, renameModules } from "./rename_modules.ts";

/** timm's names of a block's parts, and torchvision's. */
const PARTS = {
  "conv1.conv": "f.a.0",
  "conv1.bn": "f.a.1",
  "conv2.conv": "f.b.0",
  "conv2.bn": "f.b.1",
  "se.fc1": "f.se.fc1",
  "se.fc2": "f.se.fc2",
  "conv3.conv": "f.c.0",
  "conv3.bn": "f.c.1",
  "downsample.conv": "proj.0",
  "downsample.bn": "proj.1",
};

/** torchvision's RegNet (`torchvision/models/regnet.py`). */
export function torchvisionRegnet({ blocks }: RegNetOptions): Layout {
  const modules: ModuleNames[] = [["stem.conv", "stem.0"], ["stem.bn", "stem.1"]];
  blocks.forEach((count, s) => {
    const stage = `block${s + 1}`;
    for (let b = 0; b < count; b++) {
      for (const [timm, theirs] of Object.entries(PARTS)) {
        modules.push([`s${s + 1}.b${b + 1}.${timm}`, `trunk_output.${stage}.${stage}-${b}.${theirs}`]);
      }
    }
  });
  const marks = ["stem.0.weight", "trunk_output.block1.block1-0.f.a.0.weight"];
  return plainLayout("torchvision", marks, "fc.", { library: "torchvision", rename: renameModules(modules) });
}
