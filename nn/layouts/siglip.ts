/**
 * The vision towers of SigLIP and SigLIP 2: transformers' files, and timm's and open_clip's of the same networks. Those
 * whose features are the mean of the patches (timm's `gap`) lack what pools these, and are not read.
 *
 * @module
 */
import { geluTanh } from "../layers/activation.ts";
import { ANTIALIASED_INTERPOLATION, PLAIN_INTERPOLATION } from "../layers/position_embedding.ts";
import type { JoinedTensor } from "./joined_tensors.ts";
import { type Build, type Layout, plainLayout } from "./layout.ts";
import { buildOf, depthOf, type TimmNetwork } from "./timm_network.ts";
import { encoderLayers, renameBlocks } from "./transformers_names.ts";

const SIGLIP = { classToken: false, pool: "attention" } as const;

/** timm's network, whose GELU is exact. */
export function siglipVisionTransformer(network: TimmNetwork): Build {
  return buildOf({ ...network, ...SIGLIP, interpolation: ANTIALIASED_INTERPOLATION });
}

/** Layouts of SigLIP's vision transformers. transformers, as SigLIP's authors, has the approximate GELU. */
export function siglipLayouts(network: TimmNetwork): Layout[] {
  const trunk = "visual.trunk.";
  return [
    transformersSiglip(network, "transformers", "vision_model."),
    transformersSiglip(network, "transformers, vision alone", ""),
    {
      ...{ name: "open_clip", prefix: trunk, head: null },
      marks: [`${trunk}attn_pool.latent`],
      dropped: (entry) => !entry.startsWith(trunk),
    },
    plainLayout("timm", ["attn_pool.latent", "pos_embed"], "head."),
  ];
}

function transformersSiglip(network: TimmNetwork, name: string, prefix: string): Layout {
  const { joined, blocks } = encoderLayers(depthOf(network));
  return {
    ...{ name, prefix, head: null },
    marks: [`${prefix}head.probe`, `${prefix}embeddings.position_embedding.weight`],
    dropped: (entry) => !entry.startsWith(prefix) || entry.endsWith(".position_ids"),
    build: buildOf({ ...network, ...SIGLIP, activation: geluTanh, interpolation: PLAIN_INTERPOLATION }),
    joined: [
      { name: "pos_embed", from: [{ name: "embeddings.position_embedding.weight" }], rank: 3 },
      ...pooling(),
      ...joined,
    ],
    rename: renameBlocks({
      ...blocks,
      tokens: [["attn_pool.latent", "head.probe"]],
      modules: [
        ["patch_embed.proj", "embeddings.patch_embedding"],
        ["norm", "post_layernorm"],
        ["attn_pool.proj", "head.attention.out_proj"],
        ["attn_pool.norm", "head.layernorm"],
        ["attn_pool.mlp.fc1", "head.mlp.fc1"],
        ["attn_pool.mlp.fc2", "head.mlp.fc2"],
      ],
    }),
  };
}

/** Queries apart from keys and values, which are one tensor there. */
function pooling(): JoinedTensor[] {
  return (["weight", "bias"] as const).flatMap((kind) => {
    const name = `head.attention.in_proj_${kind}`;
    return [
      { name: `attn_pool.q.${kind}`, from: [{ name, part: [0, 3] as const }] },
      {
        name: `attn_pool.kv.${kind}`,
        from: [{ name, part: [1, 3] as const }, { name, part: [2, 3] as const }],
      },
    ];
  });
}
