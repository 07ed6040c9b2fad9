/**
 * The vision transformers that weights are read for.
 *
 * @module
 */
import { gelu, quickGelu } from "../layers/activation.ts";
import { CLIP, HALF, IMAGENET, type Normalization } from "../backbones/normalize.ts";
import { clipLayouts, clipVisionTransformer } from "../layouts/clip.ts";
import { dinoLayouts, timmVisionTransformer } from "../layouts/dino.ts";
import { dinov2Layouts } from "../layouts/dinov2.ts";
import { dinov3Layouts, dinov3VisionTransformer } from "../layouts/dinov3.ts";
import type { Build, Layout } from "../layouts/layout.ts";
import { siglipLayouts, siglipVisionTransformer } from "../layouts/siglip.ts";
import type { TimmNetwork } from "../layouts/timm_network.ts";
import type { Network } from "./networks.ts";

const TINY = { width: 192, heads: 3 };
const SMALL = { width: 384, heads: 6 }, BASE = { width: 768, heads: 12 };
const LARGE = { width: 1024, heads: 16, depth: 24 };
/** Of patches, and the positions of those that the networks have. */
const GRID = { patch: 16, grid: 14 };
/** Its perceptron has a gate. */
const GIANT = { width: 1536, heads: 24, depth: 40, hidden: 4096, gate: "packed" } as const;

/** Shaped for its compute (Alabdulmohsin et al., NeurIPS 2023). */
const SO400M = { width: 1152, heads: 16, depth: 27, hidden: 4304 };

/** All of them, by family. */
export const VISION_TRANSFORMERS: readonly Network[] = visionTransformers();

/**
 * Makes them.
 *
 * @param depth Blocks that each has, in place of its own: for tests, which need not wait for all of them.
 */
export function visionTransformers(depth?: number): Network[] {
  const cut = <S extends object>(size: S) => depth === undefined ? size : { ...size, depth };
  return [
    dino("vit_tiny_16", cut(TINY)),
    dino("vit_small_16", cut(SMALL)),
    dino("vit_base_16", cut(BASE)),
    dinov2("vit_small_14", cut(SMALL)),
    dinov2("vit_base_14", cut(BASE)),
    dinov2("vit_large_14", cut(LARGE)),
    dinov2("vit_giant_14", cut(GIANT)),
    dinov3("vit_small_16_dinov3", cut(SMALL)),
    dinov3("vit_small_plus_16_dinov3", cut({ ...SMALL, hidden: 1536, gate: "apart" })),
    dinov3("vit_base_16_dinov3", cut(BASE)),
    dinov3("vit_large_16_dinov3", cut(LARGE)),
    ...clip("vit_base_32_clip", 32, cut(BASE)),
    ...clip("vit_base_16_clip", 16, cut(BASE)),
    ...clip("vit_large_14_clip", 14, cut(LARGE)),
    siglip("vit_base_16_siglip", 16, cut(BASE)),
    siglip("vit_large_16_siglip", 16, cut(LARGE), 256),
    siglip("vit_so400m_14_siglip", 14, cut(SO400M)),
  ];
}

/** The vision transformers that students are. */
const STUDENTS = { tiny_16: TINY, small_16: SMALL } as const;

/**
 * Builds one of timm's as a student.
 *
 * @param dropPath How often what the last block adds is dropped in training.
 */
export function studentVisionTransformer(variant: keyof typeof STUDENTS, dropPath: number): Build {
  return timmVisionTransformer({ ...STUDENTS[variant], ...GRID, dropPath });
}

type Size = Omit<TimmNetwork, "patch" | "grid">;

/** What all have: pictures of 224 pixels, and ImageNet's normalisation, if nothing else is said. */
function network(
  name: string,
  patch: number,
  own: { build: Build; layouts: readonly Layout[]; inputSize?: number; normalization?: Normalization },
): Network {
  return { name, patch, inputSize: 224, normalization: IMAGENET, ...own };
}

/** DINO's, MoCo-v3's and timm's. */
function dino(name: string, size: Size): Network {
  const whole = { ...size, ...GRID };
  return network(name, GRID.patch, { build: timmVisionTransformer(whole), layouts: dinoLayouts(whole) });
}

/** Pictures of 224 pixels are what DINOv2's published figures are for, though its positions are for 518. */
function dinov2(name: string, size: Size): Network {
  const whole = { ...size, patch: 14, grid: 37, layerScale: "ls" } as const;
  return network(name, 14, { build: timmVisionTransformer(whole), layouts: dinov2Layouts(whole) });
}

/** Pictures of 256 pixels are what DINOv3's published figures are for. */
function dinov3(name: string, size: Size): Network {
  const whole = { ...size, patch: 16 };
  const build = dinov3VisionTransformer(whole);
  return network(name, 16, { build, layouts: dinov3Layouts(whole), inputSize: 256 });
}

/**
 * CLIP's by its activation, which no file tells: OpenAI's networks, and those of others that took over its, have the
 * quick GELU, most of open_clip's the exact one.
 */
function clip(name: string, patch: number, size: Size): Network[] {
  return ([["quickgelu", quickGelu], ["gelu", gelu]] as const).map(([named, activation]) => {
    const whole = { ...size, patch, grid: Math.floor(224 / patch), activation };
    const build = clipVisionTransformer(whole);
    return network(`${name}_${named}`, patch, { build, layouts: clipLayouts(whole), normalization: CLIP });
  });
}

function siglip(name: string, patch: number, size: Size, inputSize = 224): Network {
  const whole = { ...size, patch, grid: inputSize / patch };
  const build = siglipVisionTransformer(whole);
  return network(name, patch, { build, layouts: siglipLayouts(whole), inputSize, normalization: HALF });
}
