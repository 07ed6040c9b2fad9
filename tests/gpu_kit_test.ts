/** What is carried to a machine with a card runs there: here with XLA's CPU plugin, no network and an empty home. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { FULL } from "../bench/gpu/sizes.ts";
import reference from "../bench/gpu/reference_losses.json" with { type: "json" };
import { tableOf } from "../bench/gpu/table.ts";
import { inFolder } from "./support/plugin_context.ts";
import { ROOT } from "./support/cli.ts";
import { cpuPlugin, testWithXla } from "./support/xla_plugin.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

testWithXla(
  "bench/gpu packs a measurement that runs without the project, packages and a network",
  () =>
    inFolder(async (folder) => {
      const kit = join(folder, "kit"), out = join(folder, "out"), home = join(folder, "home");
      await Deno.mkdir(home);
      const packed = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--allow-all", join(ROOT, "bench/gpu/pack.ts"), kit],
      }).output();
      assert.ok(packed.success, text(packed.stderr));
      const script = await Deno.readTextFile(join(kit, "measure.sh"));
      assert.doesNotMatch(script, /allow-(all|net)| -A\b/);

      const measure = (...args: string[]) =>
        new Deno.Command("bash", {
          args: [join(kit, "measure.sh"), out, "--tiny", ...args],
          ...{ cwd: folder, clearEnv: true },
          env: { PATH: Deno.env.get("PATH")!, HOME: home, SEED_PJRT_PLUGIN: plugin },
        }).output();
      const plugin = await cpuPlugin();
      const ran = await measure("card", "conformance", "step:resnet18:resnet50");
      assert.ok(ran.success, text(ran.stderr));
      const file = join(out, "measured.json");
      const { parts } = JSON.parse(await Deno.readTextFile(file));
      assert.deepEqual(Object.keys(parts), ["card", "conformance", "step:resnet18:resnet50"]);
      for (const [name, { error }] of Object.entries<any>(parts)) assert.equal(error, undefined, name);
      const { card: { result: card }, conformance: { result: conformance } } = parts;
      assert.equal(card.plugin.platform, "cpu");
      assert.equal(card.memory, null);
      assert.deepEqual(conformance.failed, []);
      assert.ok(conformance.passed.length >= 12);
      const { result: step } = parts["step:resnet18:resnet50"];
      const names = step.compiled.map(({ name }: { name: string }) => name);
      for (const name of ["teacher", "training step"]) assert.ok(names.includes(name), names.join());
      assert.ok(step.imagesPerSecond > 0 && step.compileSeconds > 0 && step.whole.count === 3);

      // Two devices share a batch, or have one each.
      const onTwo = ["loss:fp32:all", "step:resnet18:resnet50:each"];
      const two = await measure("--cards", "2", ...onTwo);
      assert.ok(two.success, text(two.stderr));
      const both = JSON.parse(await Deno.readTextFile(file)).parts;
      const [loss, each] = onTwo.map((name) => {
        assert.equal(both[name].error, undefined, name);
        return both[name].result;
      });
      assert.ok(loss.devices === 2 && loss.differenceOfFirst < 1e-4, `${loss.differenceOfFirst}`);
      assert.deepEqual([each.devices, each.batch], [2, 8]);
      const alone = await measure("conformance:all"); // a processor is one device unless more are asked for
      assert.ok(alone.success, text(alone.stderr));
      const refused = JSON.parse(await Deno.readTextFile(file)).parts["conformance:all"];
      assert.match(refused.error, /the machine has one card/);

      // A part that takes too long is ended and told, and those measured before are still there.
      const late = await measure("--seconds", "0.2", "card");
      assert.ok(late.success, text(late.stderr));
      const again = JSON.parse(await Deno.readTextFile(file)).parts;
      assert.match(again.card.error, /longer than 0\.2 s/);
      assert.deepEqual(again.conformance, parts.conformance);

      const unknown = await measure("step:resnet19:resnet50");
      assert.ok(!unknown.success);
      assert.match(
        text(unknown.stderr),
        /There is no part "step:resnet19:resnet50", expected card, .*step:STUDENT/,
      );

      const table = tableOf([{
        parts: { ...both, peer: { at: "", tiny: true, seconds: 1, error: "gone" } },
      }]);
      assert.match(table, /\| resnet18 \| +resnet50 \|/);
      assert.match(table, /\| resnet18 \| resnet50 \| +2 \| +8 \| [\d.]+ \|.* [\d.]+ \|$/m);
      assert.match(table, /resnet18, 32 px, fp32, 2 cards/);
      assert.match(table, /tiny/);
      assert.match(table, /`peer` was not measured: gone/);
    }),
);

Deno.test("the losses that a card's are compared with are those of all steps, and fall", () => {
  const { full } = reference.losses,
    mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  assert.equal(full.length, FULL.loss.steps);
  assert.ok(mean(full.slice(-20)) < mean(full.slice(0, 20)));
});
