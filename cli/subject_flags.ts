import { quoted, UsageError } from "@seed/core";
import { type Arguments, CommandLineError, type Flag } from "./arguments.ts";
import type { RunFlags } from "./run_folder.ts";

/** Whose weights a command line names. */
export type SubjectFlags =
  | { readonly run: string } & RunFlags
  | {
    readonly run: null;
    readonly network: string;
    readonly weights: string;
    /** What stands before the network's names in the file; null: that is found. */
    readonly below: string | null;
  };

/** The flags that name them. */
export const SUBJECT_FLAGS = {
  run: { type: "string" },
  network: { type: "string" },
  weights: { type: "string" },
  below: { type: "string" },
  set: { type: "string", multiple: true },
  "allow-plugins": { type: "boolean" },
} as const satisfies Record<string, Flag>;

/** Sections of a run's recipe that make its student, and that there is something to override in. */
const OF_STUDENT = ["engine", "student"];

/**
 * `--run` with `--set` and `--allow-plugins`, or `--network` and `--weights`.
 *
 * @param options.sections Those of a run's recipe that the verb takes.
 * @param options.foreignData Whether there are plugins to allow without a run: those of another recipe's data.
 * @throws {UsageError} If it is neither, or both.
 */
export function subjectFlags(
  parsed: Arguments,
  { sections = OF_STUDENT, foreignData = false } = {},
): SubjectFlags {
  const run = parsed.text("run"), overrides = parsed.list("set"), allowPlugins = parsed.has("allow-plugins");
  const others = ["network", "weights", "below"].filter((name) => parsed.text(name) !== null);
  if (run !== null) {
    if (others.length) throw new UsageError(`--run and --${others[0]} exclude each other: name one`);
    const idle = overrides.find((text) => !sections.includes(text.split(/[.=]/)[0]));
    if (idle === undefined) return { run, overrides, allowPlugins };
    throw new UsageError(
      `--set ${quoted(idle)} changes nothing here: of the run's recipe only ${sections.join(", ")} are taken`,
    );
  }
  if (others.length === 0) {
    throw new CommandLineError("Expected --network and --weights, or --run; --help shows how");
  }
  if (overrides.length) throw new UsageError("--set overrides a key of a run's recipe: it needs --run");
  if (allowPlugins && !foreignData) {
    throw new UsageError("--allow-plugins is for the plugins that a run's recipe names: it needs --run");
  }
  const [network, weights] = ["network", "weights"].map((name) => parsed.required(name));
  return { run, network, weights, below: parsed.text("below") };
}
