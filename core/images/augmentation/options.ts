/**
 * Options that augmenters have in common.
 *
 * @module
 */
import { z } from "zod";
import type { OptionProblem, RecipeFacts } from "../../interfaces/plugin.ts";
import { canBlur, MOST_BLUR } from "./operations.ts";
import type { Distortions } from "./random_distortions.ts";

/** A number from 0 to 1. */
export const probability = z.number().min(0).max(1);

/** Two numbers in ascending order. */
export function range(low: number, high: number) {
  const message = `Expected two numbers in ascending order between ${low} and ${high}`;
  const number = z.number().min(low, message).max(high, message);
  return z.tuple([number, number]).refine(([a, b]) => a <= b, { message });
}

/** How pictures become pixels: see `docs/recipes.md`. */
export const decode = z.enum(["exact", "reduced"]).default("exact");

/** Of random crops: the side of a view in pixels, and the share of the picture's area that a crop takes. */
export function cropOptions(defaults: { scale: [number, number] }) {
  return z.strictObject({
    size: z.int().min(8).max(1024).default(224),
    decode,
    scale: range(0, 1).default(defaults.scale),
    flip: probability.default(0.5),
  });
}

/** Ranges of {@link colorJitter}. */
export function jitterOptions(defaults: { color: number; hue: number }) {
  const color = z.number().min(0).max(100).default(defaults.color);
  return z.strictObject({
    brightness: color,
    contrast: color,
    saturation: color,
    hue: z.number().min(0).max(0.5).default(defaults.hue),
  });
}

/** Of {@link randomDistortions}; the blur's deviation is in pixels of a view of `size`. */
export function distortionOptions(defaults: { color: number; hue: number }) {
  return z.strictObject({
    jitter: jitterOptions(defaults).extend({ probability: probability.default(0.8) }).prefault({}),
    grayscale: probability.default(0.2),
    blur: z.strictObject({
      sigma: range(0, 100).default([0.1, 2]),
      probability: probability.default(0.5),
    }).prefault({}),
  });
}

/** A check of {@link distortionOptions}: a teacher that sees views larger sees them blurred as much in proportion. */
export function blurProblems(
  { size, blur }: { readonly size: number; readonly blur: Distortions["blur"] },
  { studentSides, teacherSides }: Pick<RecipeFacts, "studentSides" | "teacherSides">,
): OptionProblem[] {
  const side = Math.max(size, ...teacherSides.filter((_, i) => studentSides[i] === size)),
    share = side / size;
  const sigma = blur.sigma[1] * share;
  if (blur.probability === 0 || canBlur(sigma)) return [];
  const most = Math.floor(10 * MOST_BLUR / share) / 10;
  return [{
    key: "blur.sigma",
    message:
      `Expected at most ${most}, got ${
        blur.sigma[1]
      }: the teacher sees views at ${side} px instead of ${size}, ` +
      `blurred by up to ${Math.round(sigma)} px, and ${MOST_BLUR} are the most`,
  }];
}
