import { setIn, statusLine } from "@seed/core";
import type { Host } from "@seed/core/host";

/** Exit code of a command that the user stopped. */
export const INTERRUPTED = 130;

/**
 * Runs a command that Ctrl-C stops in an orderly way, and a second Ctrl-C at once.
 *
 * @param notice What to tell the user at the first.
 * @param command Returns the exit code.
 */
export async function interruptible(
  notice: string,
  command: (host: Host) => Promise<number>,
): Promise<number> {
  const abort = new AbortController();
  const interrupt = () => {
    if (abort.signal.aborted) Deno.exit(INTERRUPTED);
    statusLine.print(`Interrupted: ${notice} (again to stop at once)`);
    abort.abort();
  };
  Deno.addSignalListener("SIGINT", interrupt);
  try {
    return await command({ log: (message) => statusLine.print(setIn(message)), signal: abort.signal });
  } catch (error) {
    if (abort.signal.aborted && error === abort.signal.reason) return INTERRUPTED;
    throw error;
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
  }
}
