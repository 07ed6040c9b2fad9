import assert from "node:assert/strict";
import { ROOT } from "../tests/support/cli.ts";
import { INTERRUPTED, interruptible } from "./interruptible.ts";

/** A command that can be stopped, with something to do at its end, or that goes on all the same; it says when it has begun. */
const PROGRAM = `
  import { interruptible } from ${JSON.stringify(import.meta.resolve("./interruptible.ts"))};
  const goesOn = Deno.args[0] === "goes on";
  Deno.exit(await interruptible("what is done is kept", async ({ signal }) => {
    console.log("begun");
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (goesOn || !signal.aborted) continue;
      await new Promise((resolve) => setTimeout(resolve, 600));
      throw signal.reason;
    }
  }));`;

/** @returns its exit code, and what it has told. */
async function stopped(
  signal: Deno.Signal,
  more: Deno.Signal[] = [],
  pause = 300,
): Promise<[number, string]> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--config", `${ROOT}deno.json`, PROGRAM, more.length && pause > 200 ? "goes on" : "stops"],
    ...{ stdin: "null", stdout: "piped", stderr: "piped" },
  }).spawn();
  const reader = process.stdout.getReader();
  await reader.read();
  for (const each of [signal, ...more]) {
    process.kill(each);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  await reader.cancel();
  const [{ code }, told] = await Promise.all([process.status, new Response(process.stderr).text()]);
  return [code, told.trim().split("\n").at(-1)!];
}

const told = (by: string) => `Interrupted${by}: what is done is kept (again to stop at once)`;

Deno.test("signals stop a command in an orderly way, each with its exit code", async () => {
  assert.deepEqual(await stopped("SIGINT"), [130, told("")]);
  assert.deepEqual(await stopped("SIGTERM"), [130, told(" by SIGTERM")]);
});

Deno.test("a second signal ends it at once", async () => {
  assert.deepEqual(await stopped("SIGTERM", ["SIGTERM"]), [130, told(" by SIGTERM")]);
  assert.deepEqual(await stopped("SIGTERM", ["SIGINT"]), [130, told(" by SIGTERM")]);
});

Deno.test("one that comes twice at once, from a terminal and from what started the command, is one", async () => {
  assert.deepEqual(await stopped("SIGINT", ["SIGINT"], 5), [130, told("")]);
});

Deno.test("what another process has stopped has the exit code of an interruption, without a signal of its own", async () => {
  assert.equal(await interruptible("what is done is kept", () => Promise.resolve(INTERRUPTED)), 130);
});
