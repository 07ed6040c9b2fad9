/**
 * The vision towers of CLIP: files of openai/CLIP and mlfoundations/open_clip, and timm's and transformers' of the same
 * networks. Features come before the projection to the texts' space, which is dropped as the texts' tower is.
 *
 * @module
 */
import { ANTIALIASED_INTERPOLATION, PLAIN_INTERPOLATION } from "../layers/position_embedding.ts";
import { type Build, type Layout, plainLayout } from "./layout.ts";
import type { JoinedTensor } from "./joined_tensors.ts";
import { buildOf, depthOf, type TimmNetwork } from "./timm_network.ts";
import { encoderLayers, renameBlocks } from "./transformers_names.ts";

const CLIP = { preNorm: true, patchBias: false, epsilon: 1e-5 } as const;

/** timm's network. */
export function clipVisionTransformer(network: TimmNetwork): Build {
  return buildOf({ ...network, ...CLIP, interpolation: ANTIALIASED_INTERPOLATION });
}

/** Layouts of CLIP's vision transformers. open_clip interpolates positions as timm does, transformers as it always does. */
export function clipLayouts(network: TimmNetwork): Layout[] {
  return [
    ownClip(depthOf(network)),
    transformersClip(network, "transformers", "vision_model."),
    transformersClip(network, "transformers, vision alone", ""),
    plainLayout("timm", ["norm_pre.weight", "cls_token"], "head."),
  ];
}

/** Tokens have fewer axes there. */
function tokens(classToken: string, positions: string): JoinedTensor[] {
  return [
    { name: "cls_token", from: [{ name: classToken }], rank: 3 },
    { name: "pos_embed", from: [{ name: positions }], rank: 3 },
  ];
}

function ownClip(depth: number): Layout {
  const prefix = "visual.";
  return {
    ...{ name: "clip", prefix, head: null },
    marks: ["visual.class_embedding", "visual.conv1.weight"],
    dropped: (entry) => !entry.startsWith(prefix) || entry === "visual.proj",
    joined: tokens("class_embedding", "positional_embedding"),
    rename: renameBlocks({
      ...{ depth, block: (i) => `transformer.resblocks.${i}` },
      modules: [["patch_embed.proj", "conv1"], ["norm_pre", "ln_pre"], ["norm", "ln_post"]],
      values: [["attn.qkv.weight", "attn.in_proj_weight"], ["attn.qkv.bias", "attn.in_proj_bias"]],
      parts: [
        ["norm1", "ln_1"],
        ["attn.proj", "attn.out_proj"],
        ["norm2", "ln_2"],
        ["mlp.fc1", "mlp.c_fc"],
        ["mlp.fc2", "mlp.c_proj"],
      ],
    }),
  };
}

function transformersClip(network: TimmNetwork, name: string, prefix: string): Layout {
  const { joined, blocks } = encoderLayers(depthOf(network));
  return {
    ...{ name, prefix, head: null },
    marks: [`${prefix}embeddings.class_embedding`, `${prefix}pre_layrnorm.weight`],
    dropped: (entry) => !entry.startsWith(prefix) || entry.endsWith(".position_ids"),
    build: buildOf({ ...network, ...CLIP, interpolation: PLAIN_INTERPOLATION }),
    joined: [...tokens("embeddings.class_embedding", "embeddings.position_embedding.weight"), ...joined],
    rename: renameBlocks({
      ...blocks,
      modules: [
        ["patch_embed.proj", "embeddings.patch_embedding"],
        ["norm_pre", "pre_layrnorm"], // so it is spelt
        ["norm", "post_layernorm"],
      ],
    }),
  };
}
