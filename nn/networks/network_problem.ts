import { NETWORK_NAME } from "@seed/core";
import { NETWORKS } from "./networks.ts";

/** What a module that is no network of ours gives may be: nothing of it is believed yet. */
type Given = Partial<Record<string, unknown>> | null | undefined;

/** Whether something that a module exports is meant as a {@link Network}: a plugin is not. */
export function isMeantAsNetwork(value: unknown): boolean {
  return typeof (value as Given)?.build === "function" && Array.isArray((value as Given)!.layouts);
}

/** What is wrong with a network that somebody else has written, as the end of a sentence; null if nothing is. */
export function networkProblem(network: Given): string | null {
  const { name, inputSize, patch = 1, normalization, layouts } = network ?? {};
  if (typeof name !== "string" || !NETWORK_NAME.test(name)) {
    return "has no `name` of letters, digits, dots, dashes and underscores";
  }
  if (NETWORKS.has(name)) return `is called "${name}", as a network of SEED is; give it another name`;
  if (!isCount(inputSize)) return "lacks `inputSize`, the side of its pictures in pixels";
  if (!isCount(patch)) return "has a `patch` that is no side in pixels";
  const { mean, std } = (normalization ?? {}) as Record<string, unknown>;
  if (!isThreeNumbers(mean) || !isThreeNumbers(std) || std.some((deviation) => deviation <= 0)) {
    return "lacks `normalization`, the mean and the deviation of each channel in 0..1; IMAGENET of @seed/nn is one";
  }
  const known = layouts as readonly Given[];
  if (known.length === 0) {
    return "has no layouts of weights; runLayouts of @seed/nn has those of runs, plainLayout makes one";
  }
  const isLayout = (layout: Given) => Array.isArray(layout?.marks) && typeof layout.dropped === "function";
  return known.every(isLayout)
    ? null
    : "has a layout without `marks` or `dropped`; plainLayout of @seed/nn makes one";
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && value as number > 0 && value as number <= 4096;
}

function isThreeNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.length === 3 && value.every(Number.isFinite);
}
