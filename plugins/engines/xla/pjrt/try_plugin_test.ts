import assert from "node:assert/strict";
import { join } from "node:path";
import { RunError } from "@seed/core";
import { compileLibrary, testWithCompiler } from "../../../../tests/support/c_compiler.ts";
import { cpuPlugin, testWithXla } from "../../../../tests/support/xla_plugin.ts";
import plugin from "../mod.ts";
import { diagnose } from "../diagnose.ts";
import { loadPlugin } from "./plugin_file.ts";
import { type TrialOptions, tryPlugin } from "./try_plugin.ts";

const never = new AbortController().signal;

function options(folder: string, more: Partial<TrialOptions> = {}): TrialOptions {
  const log = (message: string) => assert.fail(message);
  return { cacheDir: join(folder, "cache"), log, signal: never, ...more };
}

const notesIn = (folder: string) => [...Deno.readDirSync(join(folder, "cache/tried"))].length;

testWithCompiler(
  "a plugin that ends its process at load ends another one, and is told with the signal",
  async (folder) => {
    for (
      const [flags, expected] of [
        [
          ["ABORTS"],
          /by SIGABRT; its last words were "terminate called by \\u001b\[2J the plugin"\. It is damaged/,
        ],
        [["ABORTS", "AT_LOAD"], /by SIGABRT; its last words/],
        [["IS_OF_ANOTHER_PROCESSOR"], /by SIGILL\. It has instructions that this processor lacks/],
        [["EXITS"], /with code 0\. It is damaged, or lacks libraries/],
      ] as const
    ) {
      const file = join(folder, `${flags.join("_")}.so`);
      await compileLibrary("bad_plugin.c", file, ...flags.map((flag) => `-D${flag}`));
      await assert.rejects(tryPlugin(file, options(folder)), (error: Error) => {
        assert.ok(error instanceof RunError);
        assert.match(
          error.message,
          /"[^"]*\.so" cannot be loaded as a PJRT plugin: it ended the process that loaded it, /,
        );
        assert.match(error.message, expected);
        assert.match(
          error.message,
          /give the engine the shared library of a plugin \(engine\.plugin_file, or SEED_/,
        );
        return true;
      });
    }
    assert.throws(() => notesIn(folder), Deno.errors.NotFound, "what failed is tried again");
  },
);

testWithCompiler("the engine and doctor try a plugin before they load it", async (folder) => {
  const file = join(folder, "aborts.so"), context = options(folder);
  await compileLibrary("bad_plugin.c", file, "-DABORTS");
  const given = plugin.options.parse({ plugin_file: file });
  const engine = { seed: 0, resolve: (path: string) => path, device: "auto", trace: true } as const;
  await assert.rejects((async () => await plugin.create(given, { ...engine, ...context }))(), /by SIGABRT/);

  const named = Deno.env.get("SEED_PJRT_PLUGIN");
  Deno.env.set("SEED_PJRT_PLUGIN", file);
  try {
    const [cards, xla] = await diagnose(context, () => ({ kind: "none", reason: "None." }));
    assert.deepEqual([cards.ok, xla.ok], [true, false]);
    assert.match(xla.message, /by SIGABRT/);
  } finally {
    if (named === undefined) Deno.env.delete("SEED_PJRT_PLUGIN");
    else Deno.env.set("SEED_PJRT_PLUGIN", named);
  }
});

testWithCompiler(
  "a plugin that hangs is ended, and so is its trial when the user interrupts",
  async (folder) => {
    const file = join(folder, "hangs.so");
    await compileLibrary("bad_plugin.c", file, "-DHANGS");
    await assert.rejects(
      tryPlugin(file, options(folder, { patience: 1500 })),
      /hangs\.so" cannot be loaded as a PJRT plugin: it was not loaded within 1\.5 seconds;/,
    );
    const signal = AbortSignal.timeout(500), started = performance.now();
    await assert.rejects(tryPlugin(file, options(folder, { signal })), { name: "TimeoutError" });
    assert.ok(performance.now() - started < 20_000);
  },
);

testWithCompiler(
  "a plugin that gives no table ends nothing, and is refused by who loads it",
  async (folder) => {
    const file = join(folder, "empty.so");
    await compileLibrary("bad_plugin.c", file);
    await tryPlugin(file, options(folder));
    assert.throws(
      () => loadPlugin(file),
      /empty\.so" cannot be loaded .*: its function GetPjrtApi gives nothing; give/,
    );
  },
);

testWithCompiler("a plugin is tried once, and again after it has changed", async (folder) => {
  const file = join(folder, "changes.so");
  await compileLibrary("bad_plugin.c", file);
  await tryPlugin(file, options(folder));
  assert.equal(notesIn(folder), 1);
  const { atime, mtime } = await Deno.stat(file);
  // As if it had not changed: of the same size and time.
  await compileLibrary("bad_plugin.c", file, "-DABORTS");
  const wanted = await Deno.readTextFile(await noteOf(folder));
  await Deno.utime(file, atime!, mtime!);
  const { size } = await Deno.stat(file);
  await Deno.writeTextFile(await noteOf(folder), JSON.stringify({ ...JSON.parse(wanted), size }));
  await tryPlugin(file, options(folder)); // no process loads it
  await Deno.utime(file, atime!, new Date(mtime!.getTime() + 5000));
  await assert.rejects(tryPlugin(file, options(folder)), /by SIGABRT/);
});

testWithCompiler("a trial that cannot be remembered is told, and was one all the same", async (folder) => {
  const file = join(folder, "empty.so"), said: string[] = [];
  await compileLibrary("bad_plugin.c", file);
  await Deno.writeTextFile(join(folder, "cache"), "no folder");
  await tryPlugin(file, options(folder, { log: (message) => said.push(message) }));
  assert.match(
    said.join(),
    /^The next start tries the plugin ".*empty\.so" again: Cannot write in the cache folder/,
  );
});

testWithXla("XLA's own plugin comes through its trial", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-xla-" });
  try {
    await tryPlugin(await cpuPlugin(), options(folder));
    assert.equal(notesIn(folder), 1);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function noteOf(folder: string): Promise<string> {
  const [{ name }] = await Array.fromAsync(Deno.readDir(join(folder, "cache/tried")));
  return join(folder, "cache/tried", name);
}
