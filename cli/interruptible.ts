import { setIn, statusLine } from "@seed/core";
import type { Host } from "@seed/core/host";

/** Exit code of a command that was stopped before its end, whatever signal did it: scripts take it for "go on later". */
export const INTERRUPTED = 130;

/** Signals so close to one another are the same one, passed on by a shell or by what started the command. */
const SAME_MILLISECONDS = 200;

/**
 * Runs a command that signals stop in an orderly way; a second one ends it at once. So does the end of what it is
 * printed on.
 *
 * @param notice What to tell the user at the first; null: nothing, since another process does.
 * @param command Returns the exit code; stopped before its end, by a signal or by another process, it throws the
 *   signal's reason, or returns {@link INTERRUPTED}.
 * @returns the exit code.
 */
export async function interruptible(
  notice: string | null,
  command: (host: Host) => Promise<number>,
): Promise<number> {
  const abort = new AbortController();
  let stopped = INTERRUPTED, signalled: number | null = null, isHungUp = false;
  const stop = (code: number, reason?: unknown) => {
    stopped = code;
    abort.abort(reason);
  };
  const print = (message: string) => {
    try {
      statusLine.print(setIn(message));
    } catch (error) {
      // The terminal is closed, or the file is full. Where this is called nobody may expect an error.
      if (!abort.signal.aborted) stop(1, error);
    }
  };
  const listeners = signals().map((signal) => {
    const listener = () => {
      isHungUp ||= signal === "SIGHUP";
      if (signalled !== null) {
        // A terminal that is closed cannot ask for haste; its end reaches a command more than once.
        if (signal !== "SIGHUP" && performance.now() - signalled > SAME_MILLISECONDS) Deno.exit(INTERRUPTED);
        return;
      }
      signalled = performance.now();
      stop(INTERRUPTED);
      if (notice === null) return;
      print(`Interrupted${signal === "SIGINT" ? "" : ` by ${signal}`}: ${notice} (again to stop at once)`);
    };
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });
  try {
    const code = await command({ log: print, signal: abort.signal });
    return code === INTERRUPTED ? stopped : code;
  } catch (error) {
    if (abort.signal.aborted && error === abort.signal.reason) return stopped;
    if (isHungUp) return INTERRUPTED; // it may have met the end of its terminal before the signal
    throw error;
  } finally {
    for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
  }
}

/**
 * What ends a command in an orderly way: Ctrl-C; SIGTERM, which Slurm sends at the end of a job's time, `docker stop`
 * and a shutdown; SIGHUP, when a terminal or a connection is closed.
 */
function signals(): Deno.Signal[] {
  if (Deno.build.os === "windows") return ["SIGINT"];
  // `nohup` has SIGHUP ignored, which a listener would undo, and takes the terminal away from standard input.
  return Deno.build.os === "linux" && Deno.stdin.isTerminal()
    ? ["SIGINT", "SIGTERM", "SIGHUP"]
    : ["SIGINT", "SIGTERM"];
}
