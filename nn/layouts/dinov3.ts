/**
 * Files of facebookresearch/dinov3's vision transformers, and timm's and transformers' of the same networks.
 *
 * @module
 */
import { SATELLITE } from "../backbones/normalize.ts";
import type { JoinedTensor } from "./joined_tensors.ts";
import { type Build, type Layout, plainLayout } from "./layout.ts";
import { buildOf, depthOf, type TimmNetwork } from "./timm_network.ts";
import { joinedQkv, renameBlocks } from "./transformers_names.ts";

/** What is the same in all of DINOv3's vision transformers: `dinov3/hub/backbones.py`. */
const DINOV3 = {
  registers: 4,
  rotaryBase: 100,
  epsilon: 1e-5,
  bias: "no keys",
  layerScale: "gamma",
} as const;

/** timm's network. */
export function dinov3VisionTransformer(network: Omit<TimmNetwork, "grid">): Build {
  return buildOf({ ...network, ...DINOV3 });
}

/**
 * Layouts of DINOv3's networks. Its own files hold the periods of the rotary positions, rounded to bf16, and a bias of
 * the keys that a mask takes out; timm and transformers compute the periods in fp32, so their features differ a little.
 */
export function dinov3Layouts(network: Omit<TimmNetwork, "grid">): Layout[] {
  return [
    ownLayout(network, "dinov3 checkpoint", "teacher.backbone."),
    satellite(ownLayout(network, "dinov3", "")),
    ownLayout(network, "dinov3", ""),
    transformersDinov3(network),
    plainLayout("timm", ["reg_token", "blocks.0.gamma_1"], "head."),
  ];
}

/** The bias of queries, keys and values apart, the keys' left out. */
function biasesApart(depth: number): JoinedTensor[] {
  return Array.from(
    { length: depth },
    (_, i) =>
      ([["q_bias", 0], ["v_bias", 2]] as const).map(([bias, part]) => ({
        name: `blocks.${i}.attn.${bias}`,
        from: [{ name: `blocks.${i}.attn.qkv.bias`, part: [part, 3] as const }],
      })),
  ).flat();
}

function ownLayout(network: Omit<TimmNetwork, "grid">, name: string, prefix: string): Layout {
  const depth = depthOf(network), gated = network.gate !== undefined;
  // The last is the norm of small crops' class tokens, for training alone.
  const unused = /^(mask_token|blocks\.\d+\.attn\.qkv\.bias_mask|local_cls_norm\..*)$/;
  return {
    ...{ name, prefix, head: null },
    marks: [`${prefix}storage_tokens`, `${prefix}rope_embed.periods`],
    dropped: (entry) => !entry.startsWith(prefix) || unused.test(entry.slice(prefix.length)),
    joined: biasesApart(depth),
    rename: renameBlocks({
      ...{ depth, block: (i) => `blocks.${i}` },
      tokens: [["reg_token", "storage_tokens"]],
      values: [["gamma_1", "ls1.gamma"], ["gamma_2", "ls2.gamma"]],
      parts: gated ? [["mlp.fc1_g", "mlp.w1"], ["mlp.fc1_x", "mlp.w2"], ["mlp.fc2", "mlp.w3"]] : [],
    }),
  };
}

/** ViT-L's file for satellites' pictures is told by its norm of small crops' class tokens. */
function satellite(layout: Layout): Layout {
  return {
    ...layout,
    name: `${layout.name}, satellite`,
    marks: [...layout.marks, "local_cls_norm.weight"],
    normalization: SATELLITE,
  };
}

function transformersDinov3(network: Omit<TimmNetwork, "grid">): Layout {
  const depth = depthOf(network), block = (i: number) => `layer.${i}`;
  const layers = { query: "q_proj", key: "k_proj", value: "v_proj" } as const;
  return {
    name: "transformers",
    marks: ["embeddings.register_tokens", "layer.0.attention.q_proj.weight"],
    ...{ prefix: "", head: null },
    dropped: (entry) => entry === "embeddings.mask_token",
    joined: joinedQkv(depth, (i, part) => `${block(i)}.attention.${layers[part]}`, ["weight"]),
    rename: renameBlocks({
      ...{ depth, block },
      tokens: [["cls_token", "embeddings.cls_token"], ["reg_token", "embeddings.register_tokens"]],
      modules: [["patch_embed.proj", "embeddings.patch_embeddings"]],
      values: [
        ["attn.q_bias", "attention.q_proj.bias"],
        ["attn.v_bias", "attention.v_proj.bias"],
        ["gamma_1", "layer_scale1.lambda1"],
        ["gamma_2", "layer_scale2.lambda1"],
      ],
      parts: [
        ["norm1", "norm1"],
        ["attn.proj", "attention.o_proj"],
        ["norm2", "norm2"],
        ["mlp.fc1", "mlp.up_proj"],
        ["mlp.fc1_g", "mlp.gate_proj"],
        ["mlp.fc1_x", "mlp.up_proj"],
        ["mlp.fc2", "mlp.down_proj"],
      ],
    }),
  };
}
