/**
 * What the task `distill-on-hosts` begins with: Deno has to be told of `MASTER_ADDR` before the program runs, so what is
 * wrong with the variables has to be said before.
 *
 * @module
 */
import { UsageError } from "@seed/core";
import { meetingOf } from "./variables.ts";

try {
  if (!meetingOf((name) => Deno.env.get(name))) {
    throw new UsageError(
      "distill-on-hosts is for a process that is one of several, but RANK and WORLD_SIZE do not say so; without them, and " +
        "under mpiexec or srun, the task is distill",
    );
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}
