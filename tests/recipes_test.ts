/**
 * Every recipe that comes with SEED is valid, says how to run it, and means the same when it is written out with
 * its defaults. None of it needs data, weights or an engine.
 *
 * @module
 */
import assert from "node:assert/strict";
import { loadRecipe } from "@seed/core/host";
import { DEFAULTS } from "../cli/defaults.ts";
import { ROOT, runCli } from "./support/cli.ts";
import { recipePaths } from "./support/recipes.ts";

Deno.test("validate passes on every recipe, on a machine without data, weights and engine", async () => {
  const paths = await recipePaths(), empty = await Deno.makeTempDir({ prefix: "seed-empty-" });
  try {
    assert.ok(paths.includes("recipes/demo.yaml"));
    const env = { SEED_CACHE_DIR: `${empty}/cache`, SEED_TENSORFLOW_DIR: `${empty}/nowhere` };
    const { code, stdout, stderr } = await runCli(["validate", "--json", ...paths], { cwd: ROOT, env });
    assert.equal(code, 0, stdout + stderr);
    const recipes = paths.map((recipe) => ({ recipe, valid: true, error: null }));
    assert.deepEqual(JSON.parse(stdout), { recipes });
    assert.deepEqual(await Array.fromAsync(Deno.readDir(empty)), []);
  } finally {
    await Deno.remove(empty, { recursive: true });
  }
});

for (const path of await recipePaths()) {
  Deno.test(`${path} names its command, and its resolved form means the same`, async () => {
    const text = await Deno.readTextFile(ROOT + path);
    assert.match(text, /^# \S.*/, "the first line says what it is");
    assert.match(text, new RegExp(`^# Run: +deno task distill ${path}`, "m"), "it says how to run it");

    const { resolved } = await loadRecipe(ROOT + path, { defaults: DEFAULTS });
    const copy = await Deno.makeTempFile({ suffix: ".yaml" });
    try {
      await Deno.writeTextFile(copy, resolved);
      assert.equal((await loadRecipe(copy, { defaults: DEFAULTS })).resolved, resolved);
    } finally {
      await Deno.remove(copy);
    }
  });
}
