/**
 * A logger for tests that kills its own process, as the system would for want of memory: `SEED_TEST_KILL` names
 * when, `step 22` or `evaluation 14` (just before that evaluation is written).
 *
 * @module
 */
import { definePlugin, z } from "@seed/core";

const killAt = (event: string) => {
  if (Deno.env.get("SEED_TEST_KILL") === event) Deno.kill(Deno.pid, "SIGKILL");
};

export default definePlugin({
  kind: "logger",
  name: "killed-logger",
  apiVersion: 1,
  about: { summary: "Kills the process at a step or an evaluation that the environment names" },
  options: z.strictObject({}),
  create: () => ({
    step: ({ step }) => killAt(`step ${step}`),
    evaluation: ({ step }) => killAt(`evaluation ${step}`),
    [Symbol.dispose]() {},
  }),
});
