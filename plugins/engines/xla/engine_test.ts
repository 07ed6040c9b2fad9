import assert from "node:assert/strict";
import { type RecipeFacts, RunError, tf } from "@seed/core";
import { testContext } from "../../../tests/support/engine.ts";
import { openXla } from "../../../tests/support/xla_engine.ts";
import { cpuPlugin, testWithXla } from "../../../tests/support/xla_plugin.ts";
import plugin from "./mod.ts";

const options = (given: object) => plugin.options.parse(given);

Deno.test("a number of devices that the batch cannot be shared out to is refused before the engine opens", () => {
  const facts = { passSize: 6 } as RecipeFacts;
  for (const devices of ["all", 1, 2, 3, 6]) assert.deepEqual(plugin.check!(options({ devices }), facts), []);
  const [{ key, message }] = plugin.check!(options({ devices: 4 }), facts);
  assert.equal(key, "devices");
  assert.match(message, /Expected a divisor of the 6 images of a pass .*, got 4/);
});

testWithXla(
  "a training step refuses a batch that its devices cannot share evenly, and says what to set",
  async () => {
    await using engine = await openXla({ devices: 2 });
    const images = tf.zeros([3, 2, 2, 1]), body = (x: tf.Tensor) => [tf.sum(x)];
    using step = engine.trace(body, { name: "training step", training: true });
    await assert.rejects(step.call(images), (error: Error) => {
      assert.ok(error instanceof RunError);
      assert.match(
        error.message,
        /"training step" is given 3 images at once, which 2 devices cannot share evenly/,
      );
      return true;
    });
    using frozen = engine.trace(body, { name: "teacher" }); // which sees filled up batches
    tf.dispose([...await frozen.call(images), images]);
  },
);

testWithXla("what the recipe asks for and the plugin has not is an error that says what to set", async () => {
  await assert.rejects(
    openXla({ device: "gpu" }),
    /engine\.device "gpu", but the plugin "[^"]*" is for cpu; set/,
  );
});

testWithXla(
  "the plugin opens the engine by its option, computes at each precision as it says, and is diagnosed",
  async () => {
    const plugin_file = await cpuPlugin(), folder = await Deno.makeTempDir();
    const context = { ...testContext, cacheDir: folder, device: "auto", trace: true } as const;
    try {
      await using engine = await plugin.create(options({ plugin_file }), context);
      assert.match(engine.version, /PJRT C API 0\.\d+$/);
      assert.deepEqual((["fp32", "bf16", "auto"] as const).map((p) => engine.arithmetic(p)), [
        "fp32",
        "bf16",
        "fp32",
      ]);
      const images = tf.randomUniform([1, 4, 4, 2], -1, 1, "float32", 1),
        filter = tf.eye(2).reshape([1, 1, 2, 2]);
      using rounded = engine.trace((x) => [tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, "same")], {
        name: "rounded",
        precision: "bf16",
      });
      const [maps] = await rounded.call(images), difference = tf.max(tf.abs(tf.sub(maps, images)));
      assert.ok(difference.dataSync()[0] > 1e-4);
      tf.dispose([images, filter, maps, difference]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
    const named = Deno.env.get("SEED_PJRT_PLUGIN");
    try {
      Deno.env.set("SEED_PJRT_PLUGIN", plugin_file);
      assert.match(
        (await plugin.diagnose!(testContext))[1].message,
        /^1 device of kind "cpu" \(cpu\) by ".*\.so"/,
      );
    } finally {
      if (named === undefined) Deno.env.delete("SEED_PJRT_PLUGIN");
      else Deno.env.set("SEED_PJRT_PLUGIN", named);
    }
  },
);

testWithXla("without tracing it computes operation by operation, in fp32", async () => {
  await using engine = await openXla({ trace: false });
  assert.deepEqual([engine.traces, engine.arithmetic("bf16")], [false, "fp32"]);
  using double = engine.trace((x) => [tf.mul(x, x.dataSync()[0])], { name: "double" });
  const x = tf.scalar(2), [y] = await double.call(x);
  assert.equal(y.dataSync()[0], 4);
  tf.dispose([x, y]);
});

testWithXla("a process that has used the engine ends in peace, and prints nothing of its own", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${folder}/program.ts`,
      `import { openXla } from ${JSON.stringify(import.meta.resolve("../../../tests/support/xla_engine.ts"))};
       import { tf } from "@seed/core";
       const engine = await openXla({ devices: 2 });
       const [y] = await engine.trace((x) => [tf.sum(x)], { name: "sum" }).call(tf.ones([4]));
       console.log((await y.data())[0]);`,
    );
    const config = new URL(import.meta.resolve("../../../deno.json")).pathname;
    const args = ["run", "--allow-all", "--no-check", "--config", config, `${folder}/program.ts`];
    const { code, signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.deepEqual({ code, signal, out, err }, { code: 0, signal: null, out: "4\n", err: "" });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
