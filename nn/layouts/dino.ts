/**
 * Files of facebookresearch/dino, and timm's and transformers' of the same networks.
 *
 * @module
 */
import {
  ANTIALIASED_INTERPOLATION,
  OFFSET_INTERPOLATION,
  PLAIN_INTERPOLATION,
} from "../layers/position_embedding.ts";
import { type Layout, plainLayout } from "./layout.ts";
import { mocoV3Layouts } from "./moco_v3.ts";
import { runLayouts } from "./run.ts";
import { buildOf, depthOf, type TimmNetwork } from "./timm_network.ts";
import { joinedQkv, renameBlocks } from "./transformers_names.ts";

/** What a student, which interpolates as timm does, does not. */
const INTERPOLATES = "interpolates positions otherwise for pictures of another size than its own";

/**
 * Layouts of DINO's networks, which are MoCo-v3's too. timm's files without a classifier have the very names of DINO's
 * own and are read as those: the two differ in how they interpolate positions, so only for pictures of another size than
 * the file's.
 */
export function dinoLayouts(network: TimmNetwork): Layout[] {
  const build = buildOf({ ...network, interpolation: OFFSET_INTERPOLATION });
  return [
    ...dinoCheckpoints("cls_token").map((layout) => ({ ...layout, build, differs: INTERPOLATES })),
    ...runLayouts("cls_token"),
    ...mocoV3Layouts(network),
    transformersVit(network),
    plainLayout("timm", ["cls_token", "pos_embed", "head.weight"], "head."),
    {
      name: "dino, timm without classifier",
      marks: ["cls_token", "pos_embed"],
      ...{ prefix: "", build, dropped: () => false, head: null },
      differs: `${INTERPOLATES} if it is DINO's and not timm's`,
    },
  ];
}

/** timm's network, which interpolates positions antialiased. */
export function timmVisionTransformer(network: TimmNetwork): NonNullable<Layout["build"]> {
  return buildOf({ ...network, interpolation: ANTIALIASED_INTERPOLATION });
}

/** Full checkpoints of DINO's ResNets; their backbone files are torchvision's but for the classifier. */
export const DINO_RESNET_LAYOUTS: readonly Layout[] = dinoCheckpoints("conv1.weight");

/** What DINO's training writes; a teacher with batch norm, in its head or elsewhere, is in the wrapper of several. */
function dinoCheckpoints(mark: string): Layout[] {
  const teacher = (name: string, prefix: string): Layout => ({
    ...{ name, prefix, head: null },
    marks: [prefix + mark],
    dropped: (entry) => !entry.startsWith(prefix),
  });
  return [
    teacher("dino checkpoint", "teacher.backbone."),
    teacher("dino checkpoint, distributed", "teacher.module.backbone."),
  ];
}

/** transformers' `ViTModel`, in which DINO's networks are (facebook/dino-vits16); its pooler was not trained. */
function transformersVit(network: TimmNetwork): Layout {
  const depth = depthOf(network), block = (i: number) => `encoder.layer.${i}`;
  return {
    name: "transformers",
    marks: ["embeddings.cls_token", "encoder.layer.0.layernorm_before.weight"],
    ...{ prefix: "", head: null },
    dropped: (entry) => entry.startsWith("pooler."),
    build: buildOf({ ...network, epsilon: 1e-12, interpolation: PLAIN_INTERPOLATION }),
    differs: INTERPOLATES,
    joined: joinedQkv(depth, (i, part) => `${block(i)}.attention.attention.${part}`),
    rename: renameBlocks({
      ...{ depth, block },
      tokens: [["cls_token", "embeddings.cls_token"], ["pos_embed", "embeddings.position_embeddings"]],
      modules: [["patch_embed.proj", "embeddings.patch_embeddings.projection"], ["norm", "layernorm"]],
      parts: [
        ["norm1", "layernorm_before"],
        ["attn.proj", "attention.output.dense"],
        ["norm2", "layernorm_after"],
        ["mlp.fc1", "intermediate.dense"],
        ["mlp.fc2", "output.dense"],
      ],
    }),
  };
}
