/**
 * Files of facebookresearch/dinov2, and timm's and transformers' of the same networks.
 *
 * @module
 */
import {
  ANTIALIASED_INTERPOLATION,
  OFFSET_INTERPOLATION,
  PLAIN_INTERPOLATION,
} from "../layers/position_embedding.ts";
import { type Layout, plainLayout } from "./layout.ts";
import { buildOf, depthOf, type TimmNetwork } from "./timm_network.ts";
import { joinedQkv, renameBlocks } from "./transformers_names.ts";

/** How many tokens without a patch DINOv2's networks with registers have. */
const REGISTERS = 4;

/**
 * Layouts of DINOv2's networks. The full checkpoint is that of training, `teacher_checkpoint.pth`; its blocks may be
 * in chunks (`block_chunks`).
 */
export function dinov2Layouts(network: TimmNetwork): Layout[] {
  const plain = buildOf({ ...network, interpolation: OFFSET_INTERPOLATION });
  const withRegisters = { ...network, registers: REGISTERS, interpolation: ANTIALIASED_INTERPOLATION };
  const own = (name: string, prefix: string): Layout[] => {
    const isUnused = (entry: string) => !entry.startsWith(prefix) || entry === `${prefix}mask_token`;
    const shared = { prefix, dropped: isUnused, rename: dinov2Name(network), head: null };
    return [
      {
        ...shared,
        name: `${name}, registers`,
        marks: [`${prefix}mask_token`, `${prefix}register_tokens`],
        build: buildOf(withRegisters),
      },
      { ...shared, name, marks: [`${prefix}mask_token`], build: plain },
    ];
  };
  return [
    ...own("dinov2 checkpoint", "teacher.backbone."),
    ...own("dinov2", ""),
    ...transformersDinov2(network),
    plainLayout("timm, registers", ["reg_token", "blocks.0.ls1.gamma"], "head.", {
      build: buildOf({ ...withRegisters, classPosition: false }),
    }),
    plainLayout("timm", ["cls_token", "blocks.0.ls1.gamma"], "head."),
  ];
}

/** DINOv2's name of a value, from timm's. In chunks, blocks carry their chunk's number before their own. */
function dinov2Name({ gate }: TimmNetwork): (name: string, has: (name: string) => boolean) => string {
  const gated = (rest: string) => rest.replace("mlp.fc1", "mlp.w12").replace("mlp.fc2", "mlp.w3");
  return (name, has) => {
    if (name === "reg_token") return "register_tokens";
    const [, block, rest] = name.match(/^blocks\.(\d+)\.(.+)$/) ?? [];
    if (block === undefined) return name;
    const theirs = gate ? gated(rest) : rest, whole = `blocks.${block}.${theirs}`;
    if (has(whole)) return whole;
    const chunks = Array.from({ length: Number(block) + 1 }, (_, i) => `blocks.${i}.${block}.${theirs}`);
    return chunks.find(has) ?? whole;
  };
}

/** transformers' `Dinov2Model` and `Dinov2WithRegistersModel`, which interpolate positions in two ways. */
function transformersDinov2(network: TimmNetwork): Layout[] {
  const depth = depthOf(network), block = (i: number) => `encoder.layer.${i}`;
  const first = "encoder.layer.0.layer_scale1.lambda1";
  const shared = {
    ...{ prefix: "", head: null },
    dropped: (entry: string) => entry === "embeddings.mask_token",
    joined: joinedQkv(depth, (i, part) => `${block(i)}.attention.attention.${part}`),
    rename: renameBlocks({
      ...{ depth, block },
      tokens: [
        ["cls_token", "embeddings.cls_token"],
        ["pos_embed", "embeddings.position_embeddings"],
        ["reg_token", "embeddings.register_tokens"],
      ],
      modules: [["patch_embed.proj", "embeddings.patch_embeddings.projection"], ["norm", "layernorm"]],
      values: [["ls1.gamma", "layer_scale1.lambda1"], ["ls2.gamma", "layer_scale2.lambda1"]],
      parts: [
        ["norm1", "norm1"],
        ["attn.proj", "attention.output.dense"],
        ["norm2", "norm2"],
        ["mlp.fc1", network.gate ? "mlp.weights_in" : "mlp.fc1"],
        ["mlp.fc2", network.gate ? "mlp.weights_out" : "mlp.fc2"],
      ],
    }),
  };
  return [
    {
      ...shared,
      name: "transformers, registers",
      marks: [first, "embeddings.register_tokens"],
      build: buildOf({ ...network, registers: REGISTERS, interpolation: ANTIALIASED_INTERPOLATION }),
    },
    {
      ...shared,
      name: "transformers",
      marks: [first, "embeddings.cls_token"],
      build: buildOf({ ...network, interpolation: PLAIN_INTERPOLATION }),
    },
  ];
}
