/**
 * Files of facebookresearch/dino and facebookresearch/dinov2, and timm's of the same networks.
 *
 * @module
 */
import { ANTIALIASED_INTERPOLATION, OFFSET_INTERPOLATION } from "../layers/position_embedding.ts";
import { visionTransformer, type VisionTransformerOptions } from "../backbones/vision_transformer.ts";
import { type Build, type Layout, plainLayout } from "./layout.ts";

/** timm's network of a size, for either family. */
export type TimmNetwork = Omit<VisionTransformerOptions, "interpolation" | "registers" | "classPosition">;

/** How many tokens without a patch DINOv2's networks with registers have. */
const REGISTERS = 4;

/** timm interpolates positions antialiased. */
export function timmVisionTransformer(network: TimmNetwork): Build {
  return buildOf({ ...network, interpolation: ANTIALIASED_INTERPOLATION });
}

/**
 * Layouts of DINO's networks. timm's files without a classifier have the very names of DINO's own and are read as
 * those: the two differ in how they interpolate positions, so only for pictures of another size than the file's.
 */
export function dinoLayouts(network: TimmNetwork): Layout[] {
  const build = buildOf({ ...network, interpolation: OFFSET_INTERPOLATION });
  return [
    ...dinoCheckpoints("cls_token").map((layout) => ({ ...layout, build })),
    plainLayout("timm", ["cls_token", "pos_embed", "head.weight"], "head."),
    {
      name: "dino, timm without classifier",
      marks: ["cls_token", "pos_embed"],
      ...{ prefix: "", build, dropped: () => false, head: null },
    },
  ];
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

/**
 * Layouts of DINOv2's networks. The full checkpoint is that of training, `teacher_checkpoint.pth`; its blocks may be
 * in chunks (`block_chunks`).
 */
export function dinov2Layouts(network: TimmNetwork): Layout[] {
  const plain = buildOf({ ...network, interpolation: OFFSET_INTERPOLATION });
  const withRegisters = { ...network, registers: REGISTERS, interpolation: ANTIALIASED_INTERPOLATION };
  const own = (name: string, prefix: string): Layout[] => {
    const isUnused = (entry: string) => !entry.startsWith(prefix) || entry === `${prefix}mask_token`;
    const shared = { prefix, dropped: isUnused, rename: dinov2Name, head: null };
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
    plainLayout("timm, registers", ["reg_token", "blocks.0.ls1.gamma"], "head.", {
      build: buildOf({ ...withRegisters, classPosition: false }),
    }),
    plainLayout("timm", ["cls_token", "blocks.0.ls1.gamma"], "head."),
  ];
}

/** DINOv2's name of a value, from timm's. In chunks, blocks carry their chunk's number before their own. */
function dinov2Name(name: string, has: (name: string) => boolean): string {
  if (name === "reg_token") return "register_tokens";
  const [, block, rest] = name.match(/^blocks\.(\d+)\.(.+)$/) ?? [];
  if (block === undefined || has(name)) return name;
  const chunked = Array.from({ length: Number(block) + 1 }, (_, chunk) => `blocks.${chunk}.${block}.${rest}`);
  return chunked.find(has) ?? name;
}

function buildOf(options: VisionTransformerOptions): Build {
  return (source, normalization) => visionTransformer(source, options, normalization);
}
