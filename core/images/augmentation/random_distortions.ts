import type { Random } from "../../random.ts";
import { type ColorJitter, colorJitter } from "./color_jitter.ts";
import type { Operation } from "./operations.ts";

/** Ranges and probabilities of what is done to a crop's pixels. */
export interface Distortions {
  readonly jitter: ColorJitter & { readonly probability: number };
  /** Probability. */
  readonly grayscale: number;
  readonly blur: { readonly sigma: readonly [number, number]; readonly probability: number };
}

/**
 * The sequence that SimCLR, MoCo-v2 and SwAV have in common: colour jitter, grayscale, blur, each with a probability.
 * The order of draws is fixed, whatever their outcome.
 */
export function randomDistortions(random: Random, { jitter, grayscale, blur }: Distortions): Operation[] {
  const jittered = random.chance(jitter.probability), steps = colorJitter(random, jitter);
  const gray = random.chance(grayscale);
  const blurred = random.chance(blur.probability), sigma = random.uniform(...blur.sigma);
  return [
    ...jittered ? steps : [],
    ...gray ? [{ kind: "grayscale" } as const] : [],
    ...blurred ? [{ kind: "blur", sigma } as const] : [],
  ];
}
