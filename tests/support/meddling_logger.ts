/**
 * A logger for tests that meddles with its own run when something happens, as users and machines do:
 * `SEED_TEST_EVENT` says when, for example `step 5` or `student 6`, and `SEED_TEST_ACTION` how: `throw`, the name of
 * a signal, `remove PATH`, or `limit BYTES`, past which no file can be written: a disk is full, for this process alone.
 *
 * @module
 */
import { definePlugin, z } from "@seed/core";

function meddle(event: string): void {
  if (Deno.env.get("SEED_TEST_EVENT") !== event) return;
  const [action, value] = Deno.env.get("SEED_TEST_ACTION")!.split(" ");
  if (action === "throw") throw new Error("The tracking server is away");
  if (action === "remove") return Deno.removeSync(value, { recursive: true });
  if (action !== "limit") return Deno.kill(Deno.pid, action as Deno.Signal);
  const { success } = new Deno.Command("prlimit", {
    args: ["--pid", `${Deno.pid}`, `--fsize=${value}`],
  }).outputSync();
  if (!success) throw new Error("prlimit failed");
}

export default definePlugin({
  kind: "logger",
  name: "meddling-logger",
  apiVersion: 1,
  about: { summary: "Meddles with its run" },
  options: z.strictObject({}),
  create: () => ({
    step: ({ step }) => meddle(`step ${step}`),
    evaluation: ({ step, network }) => meddle(`${network} ${step}`),
    [Symbol.dispose]() {},
  }),
});
