/**
 * A logger for tests that kills its own process, as the system would for want of memory: `SEED_TEST_KILL` names
 * the step, which is written then.
 *
 * @module
 */
import { definePlugin, z } from "@seed/core";

export default definePlugin({
  kind: "logger",
  name: "killed-logger",
  apiVersion: 1,
  about: { summary: "Kills the process at a step that the environment names" },
  options: z.strictObject({}),
  create: () => ({
    step: ({ step }) => {
      if (Deno.env.get("SEED_TEST_KILL") === `${step}`) Deno.kill(Deno.pid, "SIGKILL");
    },
    [Symbol.dispose]() {},
  }),
});
