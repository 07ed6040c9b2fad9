/**
 * Libraries for tests, compiled on the spot: a C compiler is what no user needs.
 *
 * @module
 */
import assert from "node:assert/strict";
import { answers } from "./programs.ts";

/** Whether there is a C compiler. */
const HAS_COMPILER = await answers("cc");

const CAN = Deno.build.os === "linux" && Deno.build.arch === "x86_64" && HAS_COMPILER;

/** Compiles a C file of `tests/support/` to a shared library. */
export async function compileLibrary(source: string, into: string, ...flags: string[]): Promise<void> {
  const args = ["-shared", "-fPIC", ...flags, "-o", into, new URL(source, import.meta.url).pathname];
  const { success, stderr } = await new Deno.Command("cc", { args }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

/** A test that compiles libraries for Linux on x86-64, with a folder for them. */
export function testWithCompiler(name: string, fn: (folder: string) => Promise<void>): void {
  const why = "ignored: no C compiler, or not Linux on x86-64";
  Deno.test({
    name: CAN ? name : `${name} (${why})`,
    ignore: !CAN,
    async fn() {
      const folder = await Deno.makeTempDir({ prefix: "seed-libraries-" });
      try {
        await fn(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}
