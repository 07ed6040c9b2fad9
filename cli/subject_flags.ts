import { UsageError } from "@seed/core";
import type { Arguments } from "./arguments.ts";

/** Whose weights a command line names. */
export type SubjectFlags =
  | { readonly run: string; readonly overrides: readonly string[] }
  | { readonly run: null; readonly network: string; readonly weights: string };

/**
 * `--run` with `--set`, or `--network` and `--weights`.
 *
 * @throws {UsageError} If it is neither, or both.
 */
export function subjectFlags(parsed: Arguments): SubjectFlags {
  const run = parsed.text("run"), overrides = parsed.list("set");
  const others = ["network", "weights"].filter((name) => parsed.text(name) !== null);
  if (run !== null) {
    if (others.length) throw new UsageError(`--run and --${others[0]} exclude each other: name one`);
    return { run, overrides };
  }
  if (others.length === 0) {
    throw new UsageError("Expected --network and --weights, or --run; --help shows how");
  }
  if (overrides.length) throw new UsageError("--set overrides a key of a run's recipe: it needs --run");
  return { run, network: parsed.required("network"), weights: parsed.required("weights") };
}
