/**
 * Golden tests on XLA: those of losses, optimizers, evaluators and layers, which need small programs alone. All others run
 * on it too, by `SEED_ENGINE=xla`, but XLA's CPU compiler takes minutes for their networks.
 *
 * @module
 */
import assert from "node:assert/strict";
import { summaryOf } from "./support/test_summary.ts";
import { testWithXla } from "./support/xla_plugin.ts";

const ON_ANY = [
  ...["losses", "optimization", "knn"].map((name) => `tests/golden/${name}_test.ts`),
  ...["batch_norm", "layer_norm"].map((name) => `nn/layers/${name}_test.ts`),
  "plugins/queues/fifo/mod_test.ts",
];

/**
 * The linear probe's are for one device: its optimizer ends where the loss's rounding hides any decrease, and one query of
 * 200 lies 0.0001 from a boundary then, which another order of sums moves it over.
 */
const ON_ONE = [
  ...ON_ANY,
  "tests/golden/linear_test.ts",
  "nn/layers/conv_test.ts",
  "nn/layers/activation_test.ts",
];

for (const [engine, files] of [["xla", ON_ONE], ["xla:2", ON_ANY]] as const) {
  testWithXla(`golden tests of small programs pass by SEED_ENGINE=${engine}`, async () => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--allow-all", "--no-check", ...files],
      env: { SEED_ENGINE: engine },
      cwd: new URL("..", import.meta.url),
    }).output();
    const [text, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.equal(code, 0, text + errors);
    const { passed, failed } = summaryOf(text)!;
    assert.ok(passed > 20 && failed === 0, text);
  });
}
