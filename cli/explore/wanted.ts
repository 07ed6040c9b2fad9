import { UsageError } from "@seed/core";
import type { Arguments } from "../arguments.ts";
import { onErrorOf } from "../on_error.ts";
import { NETWORK_IDS, type NetworkId } from "./networks.ts";

/** What was asked for, apart from the run. */
export interface Wanted {
  /** A folder that is not there, or empty. */
  readonly out: string;
  /** A folder of pictures; null: the run's own. */
  readonly images: string | null;
  readonly count: number;
  /** Null: the run's. */
  readonly seed: number | null;
  readonly without: readonly NetworkId[];
  readonly dtype: "fp32" | "fp16";
  /** Null: not said. */
  readonly onError: "stop" | "skip" | null;
}

/** Fewer pictures have no map; of more, their thumbnails are files too many, and UMAP takes minutes. */
export const LEAST_PICTURES = 8;
const MOST_PICTURES = 10_000;

/** Reads the flags. */
export function wantedOf(parsed: Arguments, out: string): Wanted {
  return {
    out,
    without: withoutOf(parsed),
    images: parsed.text("images"),
    count: parsed.count("count", LEAST_PICTURES, MOST_PICTURES) ?? 2000,
    seed: parsed.count("seed"),
    dtype: parsed.choice("dtype", ["fp32", "fp16"]) ?? "fp32",
    onError: onErrorOf(parsed),
  };
}

function withoutOf(parsed: Arguments): NetworkId[] {
  const known: readonly NetworkId[] = NETWORK_IDS.filter((id) => id !== "student");
  return parsed.list("without").map((name) => {
    const found = known.find((id) => id === name);
    if (found) return found;
    throw new UsageError(`--without expects one of ${known.join(", ")}, got "${name}"`);
  });
}
