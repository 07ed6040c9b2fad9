/**
 * In how many processes a command is to run: `--processes N`, or whoever started this process as one of several.
 *
 * @module
 */
import { UsageError } from "@seed/core";
import type { Arguments, Flag } from "../arguments.ts";
import { isLaunched, type Place, placeOf } from "./join.ts";
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

/** @throws {UsageError} If the flag is given to a process that somebody else has started as one of several. */
export function askedProcesses(parsed: Arguments): AskedProcesses {
  const count = parsed.count("processes", 1, MOST_PROCESSES), place = placeOf((name) => Deno.env.get(name));
  // Our own start them with the flags that the user has given, as the record of a run tells them.
  if (place && isLaunched()) return { count: null, place };
  if (place && count !== null) {
    throw new UsageError(
      "This process was started as one of several, by mpiexec, srun or RANK and WORLD_SIZE: leave --processes out",
    );
  }
  return { count: count === 1 ? null : count, place };
}
