import { type BlockParts, type BlockShape, timmParts } from "../layers/inverted_residual.ts";

/** timm's name of a module, and the publisher's. */
export type ModuleNames = readonly [timm: string, theirs: string];

/** Renames the module that a value belongs to; names of other modules stay. */
export function renameModules(modules: Iterable<ModuleNames>): (name: string) => string {
  const theirs = new Map(modules);
  return (name) => {
    const dot = name.lastIndexOf("."), module = name.slice(0, dot);
    return `${theirs.get(module) ?? module}${name.slice(dot)}`;
  };
}

/** Where a block stands. */
export interface BlockPlace {
  stage: number;
  /** In its stage. */
  block: number;
  /** Among all blocks. */
  index: number;
}

/**
 * Modules of a network's blocks.
 *
 * @param blockName The publisher's name of a block.
 * @param parts The publisher's names of its parts.
 */
export function blockModules(
  stages: readonly (readonly BlockShape[])[],
  blockName: (place: BlockPlace) => string,
  parts: (shape: BlockShape) => BlockParts,
): ModuleNames[] {
  let index = 0;
  return stages.flatMap((blocks, stage) =>
    blocks.flatMap((shape, block) => {
      const ours = timmParts(shape), theirs = parts(shape);
      const name = blockName({ stage, block, index: index++ });
      const own = (["expand", "depthwise", "excite", "project"] as const)
        .filter((part) => part !== "expand" || shape.width !== shape.inputs);
      return own.flatMap((part) =>
        ours[part].map((module, i) =>
          [`blocks.${stage}.${block}.${module}`, `${name}.${theirs[part][i]}`] as const
        )
      );
    })
  );
}
