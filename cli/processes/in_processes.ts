import { hostname } from "node:os";
import { type Processes, RunError, statusLine, UsageError } from "@seed/core";
import { type Host, StoppedTogether } from "@seed/core/host";
import { errorMessage } from "../error_message.ts";
import { INTERRUPTED, interruptible } from "../interruptible.ts";
import { FirstLostError } from "./contact.ts";
import type { AskedProcesses } from "./flag.ts";
import { isLaunched, join, type Place } from "./join.ts";
import { launchWithRestarts } from "./launch.ts";

/** A command that may run in several processes. */
export interface SharedCommand {
  verb: string;
  args: readonly string[];
  /** What the user is told when it is interrupted. */
  notice: string;
  /** A sentence on what to do when a process has failed; absent: there is nothing but to begin again. */
  advice?: string;
  /** How often all processes begin again if one fails. Default: never. */
  restarts?: number;
  /** Finds what several processes cannot do, before they are started. */
  check?(size: number): void;
  /**
   * The work of this process.
   *
   * @param processes All of the command; null: this one is alone.
   * @returns the exit code.
   */
  work(host: Host, processes: Processes | null): Promise<number>;
}

/**
 * Runs a command: in this process, in as many as are asked for, or as one of those that this process was started with.
 *
 * @returns the exit code.
 */
export async function inProcesses(command: SharedCommand, asked: AskedProcesses): Promise<number> {
  const { verb, args, notice, advice, restarts = 0, check, work } = command, { count, place } = asked;
  if (count === null) {
    // What has started the processes of one machine tells it, once.
    return await interruptible(
      isLaunched() ? null : notice,
      (host) => place ? together(command, place, host) : work(host, null),
    );
  }
  check?.(count);
  return await interruptible(
    notice,
    (host) => launchWithRestarts({ verb, args, count, restarts, advice }, host),
  );
}

/** Milliseconds that the first process has to tell what others meet too: data that are not there, say. */
const FIRST_TELLS = 2000;

/** This process's part of a command that runs in several. */
async function together({ check, work }: SharedCommand, place: Place, host: Host): Promise<number> {
  const { processes, leave, abort } = await join(place, host);
  try {
    check?.(processes.size);
    const code = await work(host, processes);
    await leave();
    return code;
  } catch (error) {
    statusLine.end();
    if (error instanceof StoppedTogether) {
      await leave();
      return INTERRUPTED;
    }
    // The others wait for this one: they are ended, and what it was is told here.
    if (host.signal.aborted && error === host.signal.reason) {
      return await abort(INTERRUPTED, "It was interrupted");
    }
    if (processes.rank > 0 && isMendable(error) && !(error instanceof FirstLostError)) {
      await new Promise((resolve) => setTimeout(resolve, FIRST_TELLS)); // it ends this one
    }
    const why = messageOf(error);
    console.error(`Process ${processes.rank} of ${processes.size} on ${hostname()}: ${why}`);
    return await abort(error instanceof UsageError ? 2 : 1, why);
  }
}

function messageOf(error: unknown): string {
  if (error instanceof SuppressedError) return messageOf(error.suppressed);
  if (isMendable(error)) return errorMessage(error);
  return error instanceof Error ? error.stack ?? error.message : `${error}`;
}

function isMendable(error: unknown): error is RunError | UsageError {
  return error instanceof RunError || error instanceof UsageError;
}
