/**
 * All processes of a run go on, or all stop at the same place: whatever may be interrupted, or fail, in one of them
 * while the others wait for it, asks all before they go on.
 *
 * @module
 */
import { RunError } from "../errors.ts";
import { BrokenImageError } from "../images/broken_image_error.ts";
import type { Processes } from "./processes.ts";

/** All processes have stopped at the same place, since one of them was asked to. */
export class StoppedTogether extends Error {
  override name = "StoppedTogether";
}

/** What keeps a process from going on. */
export interface Standing {
  /** It was asked to stop. */
  stops: boolean;
  /** What the user can mend. Of several the one with the least `at` is told: the one that a process alone would meet first. */
  failure?: { at: number; error: RunError } | null;
}

/** What a process says of its failure. */
interface Told {
  at: number;
  message: string;
  file?: string | null;
}

/**
 * Asks all processes whether they go on.
 *
 * @returns false if one of them was asked to stop.
 * @throws {RunError} In the first process, if one has failed; the others wait to be ended by it, so that there is one
 *   message.
 */
export async function allGoOn(
  processes: Processes,
  { stops, failure = null }: Standing,
): Promise<boolean> {
  const against = Float32Array.of(stops || failure ? 1 : 0);
  await processes.sum(against); // hardly anything, where all go on
  if (against[0] === 0) return true;
  const own = failure && told(failure);
  const all = (await processes.exchange(JSON.stringify(own))).map((text) => JSON.parse(text) as Told | null);
  const ats = all.map((told) => told?.at ?? Infinity),
    rank = ats.indexOf(Math.min(...ats)),
    first = all[rank];
  if (!first) return false;
  if (processes.rank !== 0) return await endedByFirst(processes);
  if (rank === 0) throw failure!.error;
  const [here, there] = [processes.hosts[0], processes.hosts[rank]];
  throw errorOf(first, here === there ? "" : ` (process ${rank} on ${there})`);
}

/**
 * The same where there is nothing to do but to stop.
 *
 * @throws {StoppedTogether} In all of them, if one was asked to stop.
 */
export async function goOnTogether(processes: Processes, standing: Standing): Promise<void> {
  if (!await allGoOn(processes, standing)) throw new StoppedTogether("All processes have stopped");
}

/**
 * What the first process alone does, while the others wait for it by {@link waitForFirst}.
 *
 * @param signal Aborted: what is done may break off with the signal's reason; then all stop.
 * @throws {StoppedTogether} In all of them, if it broke off. What else goes wrong is thrown here; the others wait to be
 *   ended.
 */
export async function asFirst<T>(
  processes: Processes,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  let made: T;
  try {
    made = await work();
  } catch (error) {
    if (signal?.aborted && error === signal.reason) await goOnTogether(processes, { stops: true });
    throw error;
  }
  await goOnTogether(processes, { stops: false });
  return made;
}

/** @throws {StoppedTogether} If what the first does was interrupted. */
export async function waitForFirst(processes: Processes): Promise<void> {
  await goOnTogether(processes, { stops: false });
}

/** Waits for the first process, which has failed and ends all. */
export async function endedByFirst(processes: Processes): Promise<never> {
  await processes.exchange("");
  throw new Error("The first process went on, and was to end all");
}

function told({ at, error }: NonNullable<Standing["failure"]>): Told {
  return { at, message: error.message, ...error instanceof BrokenImageError && { file: error.file } };
}

/** The error of another process, of the same kind where that matters to what the user is told. */
function errorOf({ message, file }: Told, where: string): RunError {
  return file === undefined ? new RunError(message + where) : new BrokenImageError(message + where, file);
}
