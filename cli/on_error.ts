/**
 * What becomes of images that cannot be read: `--on-error`, for verbs that look at images without a recipe of their
 * own.
 *
 * @module
 */
import { RunError } from "@seed/core";
import { BrokenImageError } from "@seed/core/host";
import type { Arguments, Flag } from "./arguments.ts";

/** The flag. */
export const ON_ERROR_FLAG = { "on-error": { type: "string" } } as const satisfies Record<string, Flag>;

/** What it says; null: it is not given. */
export function onErrorOf(parsed: Arguments): "stop" | "skip" | null {
  return parsed.choice("on-error", ["stop", "skip"]);
}

/** Runs what looks at images; if it stops at one that cannot be read, the message says how to go on without. */
export async function tellingOfSkip<T>(option: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof BrokenImageError)) throw error;
    throw new RunError(`${error.message}. Put it right, or leave out what cannot be read by ${option}`, {
      cause: error,
    });
  }
}
