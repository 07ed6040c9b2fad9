/**
 * A machine with a driver of NVIDIA's that is none: what is asked of it is asked for real, and XLA then computes by its
 * plugin for processors.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import { compileLibrary, testWithCompiler } from "./support/c_compiler.ts";
import { runCli } from "./support/cli.ts";
import { distillTiny, inTinyFolder, TINY_RECIPE } from "./support/tiny_runs.ts";
import { cpuPlugin } from "./support/xla_plugin.ts";

/** A test that has a driver's library in a folder. */
function testWithDriver(name: string, fn: (drivers: string) => Promise<void>): void {
  testWithCompiler(name, async (folder) => {
    await compileLibrary("fake_cuda.c", join(folder, "libcuda.so.1"));
    await fn(folder);
  });
}

testWithDriver("doctor tells the driver's cards, and what would be installed for them", async (drivers) => {
  const cache = join(drivers, "cache");
  const ask = async (env: Record<string, string>) => {
    const { stdout, stderr } = await runCli(["doctor", "--json"], {
      env: { LD_LIBRARY_PATH: drivers, SEED_CACHE_DIR: cache, ...env },
    });
    assert.equal(stderr, "");
    const { checks } = JSON.parse(stdout);
    return (subject: string): string =>
      checks.find((check: { subject: string }) => check.subject === subject)?.message;
  };
  const both = await ask({});
  assert.equal(
    both("NVIDIA cards"),
    "First card (25.3 GB, compute capability 8.6), Second card (85 GB, compute capability 9.0); the driver has CUDA 13.2",
  );
  assert.match(both("XLA"), /^Not installed yet: the first run installs 0\.11\.2 in .*seed_engine-xla/);
  assert.match(both("Engine"), /compute with XLA/);
  assert.match(
    (await ask({ CUDA_VISIBLE_DEVICES: "0" }))("NVIDIA cards"),
    /^First card \(25\.3 GB, compute capability 8\.6\); /,
  );
  const none = await ask({ CUDA_VISIBLE_DEVICES: "" });
  assert.match(none("NVIDIA cards"), /shows no card, for CUDA_VISIBLE_DEVICES is "": unset it/);
  assert.match(none("Engine"), /compute with TensorFlow/);
  assert.equal(none("XLA"), undefined);
  assert.equal(await Deno.stat(cache).catch(() => null), null, "nothing is made in the cache");
});

testWithDriver(
  "a run that names no engine is taken by XLA where there is a card, and says so",
  (drivers) =>
    inTinyFolder(async (folder) => {
      await Deno.writeTextFile(join(folder, "tiny.yaml"), TINY_RECIPE.replace(/^engine:.*\n/m, ""));
      const run = join(folder, "runs/a"), env = { SEED_PJRT_PLUGIN: await cpuPlugin() };
      const onCard = { LD_LIBRARY_PATH: drivers, ...env };
      const begun = await distillTiny(folder, { out: "runs/a", flags: ["--max-steps", "2"], env: onCard });
      assert.equal(begun.code, 0, begun.stderr);
      const named = async () => parse(await Deno.readTextFile(join(run, "recipe.yaml"))).engine;
      assert.deepEqual(await named(), {
        ...{ plugin: "@seed/engine-xla", device: "auto", trace: true },
        ...{ plugin_file: null, devices: "all", memory_fraction: null, depthwise: "auto" },
      });
      const facts = JSON.parse(await Deno.readTextFile(join(run, "run.json")));
      assert.match(facts.versions.xla, /PJRT C API/);

      // Its student is evaluated without a driver by another engine, which has to be named.
      const evaluation = ["eval", "--run", "runs/a", "--allow-plugins", "--knn"];
      const without = await runCli(evaluation, { cwd: folder });
      assert.equal(without.code, 1);
      const [, advice] = without.stderr.match(/no NVIDIA driver .* --set '(engine=\{[^']*\})'/) ??
        assert.fail(without.stderr);
      const evaluated = await runCli([...evaluation, "--set", advice], { cwd: folder });
      assert.equal(evaluated.code, 0, evaluated.stderr);

      // The same recipe on a machine without a driver goes on with TensorFlow, which is told.
      const flags = ["--resume", "--max-steps", "3"];
      const resumed = await distillTiny(folder, { out: "runs/a", flags, env });
      assert.equal(resumed.code, 0, resumed.stderr);
      assert.match(
        resumed.stderr,
        /engine\.plugin is "@seed\/engine-tensorflow", no longer "@seed\/engine-xla"/,
      );
      assert.equal((await named()).plugin, "@seed/engine-tensorflow");

      // A card is asked for.
      const hidden = { ...onCard, CUDA_VISIBLE_DEVICES: "-1" };
      const refused = await distillTiny(folder, {
        ...{ out: "runs/b", flags: ["--set", "engine.device=gpu"], env: hidden },
      });
      assert.equal(refused.code, 1);
      assert.match(
        refused.stderr,
        /^The recipe asks for engine\.device "gpu"\. .*CUDA_VISIBLE_DEVICES is "-1".*engine-tensorflow"\n$/,
      );
      assert.equal(await Deno.stat(join(folder, "runs/b")).catch(() => null), null);
    }),
);
