/**
 * In how many processes a command is to run: `--processes N`, or whoever started this process as one of several.
 *
 * @module
 */
import { UsageError } from "@seed/core";
import type { Arguments, Flag } from "../arguments.ts";
import { type Place, placeOf } from "./join.ts";
import { MOST_PROCESSES } from "./most_processes.ts";

/** The flag, for every verb that takes it. */
export const PROCESSES_FLAG = { processes: { type: "string" } } as const satisfies Record<string, Flag>;

/** What a command line, or whoever started this process, asks for. At most one of the two is set. */
export interface AskedProcesses {
  /** Processes to start on this machine; null: none, this one does the work. */
  readonly count: number | null;
  /** Where this process stands among those that it was started with; null: it is alone. */
  readonly place: Place | null;
}

/** @throws {UsageError} If the flag is given to a process that is one of several already. */
export function askedProcesses(parsed: Arguments): AskedProcesses {
  const count = parsed.count("processes", 1, MOST_PROCESSES), place = placeOf((name) => Deno.env.get(name));
  if (place && count !== null) {
    throw new UsageError("This process was started as one of several (mpiexec, srun): leave --processes out");
  }
  return { count: count === 1 ? null : count, place };
}

/**
 * The arguments that each process is started with: without the flags that are of starting them.
 *
 * @param flags Their names; each takes a value.
 */
export function argumentsOfEach(args: readonly string[], flags: readonly string[]): string[] {
  const kept: string[] = [], names = flags.map((flag) => `--${flag}`);
  for (let i = 0; i < args.length; i++) {
    if (names.includes(args[i])) i++;
    else if (!names.some((name) => args[i].startsWith(`${name}=`))) kept.push(args[i]);
  }
  return kept;
}
