/**
 * Names of Hugging Face's `transformers` for vision transformers: queries, keys and values are layers apart.
 *
 * @module
 */
import type { JoinedTensor } from "./joined_tensors.ts";
import { type ModuleNames, renameModules } from "./rename_modules.ts";

/**
 * Queries, keys and values as timm's one layer.
 *
 * @param depth Number of blocks.
 * @param layer Name of a block's layer: of queries, keys or values.
 */
export function joinedQkv(
  depth: number,
  layer: (block: number, part: "query" | "key" | "value") => string,
  kinds: readonly ("weight" | "bias")[] = ["weight", "bias"],
): JoinedTensor[] {
  return Array.from({ length: depth }, (_, i) =>
    kinds.map((kind) => ({
      name: `blocks.${i}.attn.qkv.${kind}`,
      from: (["query", "key", "value"] as const).map((part) => ({ name: `${layer(i, part)}.${kind}` })),
    }))).flat();
}

/**
 * Renames timm's names to a publisher's; those that are not listed stay.
 *
 * @param names.depth Number of blocks.
 * @param names.block The publisher's name of a block.
 * @param names.parts Modules of a block.
 * @param names.values Single values of a block.
 */
export function renameBlocks(
  { depth, block, parts, values = [], modules = [], tokens = [] }: {
    depth: number;
    block: (i: number) => string;
    parts: readonly ModuleNames[];
    values?: readonly ModuleNames[];
    modules?: readonly ModuleNames[];
    tokens?: readonly ModuleNames[];
  },
): (name: string) => string {
  const inBlocks = (names: readonly ModuleNames[]) =>
    Array.from(
      { length: depth },
      (_, i) => names.map(([timm, theirs]) => [`blocks.${i}.${timm}`, `${block(i)}.${theirs}`] as const),
    ).flat();
  const single = new Map([...tokens, ...inBlocks(values)]);
  const rename = renameModules([...modules, ...inBlocks(parts)]);
  return (name) => single.get(name) ?? rename(name);
}

/** The blocks of CLIP's and SigLIP's vision towers, for {@link renameBlocks}, and their queries, keys and values. */
export function encoderLayers(depth: number) {
  const block = (i: number) => `encoder.layers.${i}`;
  return {
    joined: joinedQkv(depth, (i, part) => `${block(i)}.self_attn.${part[0]}_proj`),
    blocks: {
      ...{ depth, block },
      parts: [
        ["norm1", "layer_norm1"],
        ["attn.proj", "self_attn.out_proj"],
        ["norm2", "layer_norm2"],
        ["mlp.fc1", "mlp.fc1"],
        ["mlp.fc2", "mlp.fc2"],
      ] as const,
    },
  };
}
