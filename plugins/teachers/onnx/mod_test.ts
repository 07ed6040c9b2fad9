import assert from "node:assert/strict";
import { join } from "node:path";
import { RunError, tf, UsageError } from "@seed/core";
import { checkTeacher } from "@seed/core/conformance";
import { OnnxTeacher } from "./onnx_teacher.ts";
import plugin from "./mod.ts";
import { assertFingerprint } from "../../../tests/golden/fingerprint.ts";
import { images } from "../../../tests/golden/formula.ts";
import golden from "../../../tests/golden/onnx_teacher.json" with { type: "json" };
import { eagerEngine } from "../../../tests/support/eager_engine.ts";
import { onnxContext } from "../../../tests/support/onnx_runtime.ts";

const file = (name: string) => join(import.meta.dirname!, `../../../tests/golden/${name}.onnx`);
const FIRST = file("onnx_teacher"), LAST = file("onnx_teacher_channels_last");
const { mean, std } = golden;

/** The teacher of a recipe's options. */
async function teacherOf(given: Record<string, unknown>) {
  const options = plugin.options.parse({ weights: FIRST, mean, std, ...given });
  await plugin.checkFiles!(options, onnxContext);
  return await plugin.create(options, { ...onnxContext, engine: await eagerEngine() });
}

for (
  const [name, given] of Object.entries({
    rows: { output: "rows" },
    maps: { output: "maps", threads: 1 },
    first: { output: "tokens", tokens: "first", input_size: 16 },
    mean: { output: "tokens", tokens: "mean", order: "nchw" },
    channels_last: { weights: LAST, input_size: 16 },
  })
) {
  Deno.test(`teacher onnx gives what ONNX's reference gives: ${name}`, async () => {
    using teacher = await teacherOf(given);
    const batch = images("images", 3, 16), embedding = await teacher.embed(batch);
    const values = await embedding.data();
    assert.deepEqual([embedding.shape[0], embedding.shape[1]], [3, teacher.embeddingDim]);
    assertFingerprint(name, values, golden.embeddings[name as "rows"], { tolerance: 1e-5 });
    assert.equal(teacher.inputSize, 16);
    tf.dispose([batch, embedding]);
  });
}

Deno.test("teacher onnx keeps a teacher's promises with a model that takes two images at once, of any size", async (t) => {
  await eagerEngine();
  await checkTeacher(t, { make: () => teacherOf({ weights: LAST }), size: 24 });
});

Deno.test("teacher onnx records the file and its constants", async () => {
  using teacher = await teacherOf({ output: "rows" });
  assert.deepEqual({ ...teacher.weights, sha256: "" }, {
    file: FIRST,
    sha256: "",
    layout: "onnx",
    tensors: 3,
  });
});

/** What is wrong in a recipe or a file, the kind of error and its message. */
const MISTAKES: [given: Record<string, unknown>, kind: typeof RunError | typeof UsageError, says: RegExp][] =
  [
    [{ weights: "nowhere.onnx" }, RunError, /^There is no ONNX file "nowhere\.onnx"/],
    [
      { weights: join(import.meta.dirname!, "mod.ts") },
      RunError,
      /mod\.ts" is no ONNX model, or a damaged one/,
    ],
    [{ sha256: "0".repeat(64) }, RunError, /has the SHA-256 [0-9a-f]{64}, but 0{64} is expected/],
    [
      {},
      UsageError,
      /has the outputs "maps" \[batch, 5, 4, 4\], "tokens" \[batch, 16, 5\], "rows" \[batch, 6\]; set teacher\.output to one$/,
    ],
    [{ output: "row" }, UsageError, /has no output "row"\. Did you mean "rows"\?$/],
    [{ output: "embedding" }, UsageError, /has no output "embedding"\. It has "maps" /],
    [{ output: "tokens" }, UsageError, /"tokens" is \[2, 16, 5\]; set teacher\.tokens to "first" or "mean"$/],
    [
      { output: "rows", tokens: "mean" },
      UsageError,
      /"rows" is \[2, 6\]: it has no tokens; leave teacher\.tokens out$/,
    ],
    [
      { output: "rows", input_size: 32 },
      UsageError,
      /input_size is 32, but .* takes "images" \[batch, 3, 16, 16\]/,
    ],
    [
      { output: "rows", order: "nhwc" },
      UsageError,
      /order is "nhwc", but .* takes "images" \[batch, 3, 16, 16\]/,
    ],
  ];

Deno.test("teacher onnx tells what is wrong with a recipe or a file", async () => {
  for (const [given, kind, says] of MISTAKES) {
    await assert.rejects(teacherOf(given), (error: Error) => {
      assert.match(error.message, says);
      assert.ok(error instanceof kind, `${JSON.stringify(given)}: ${error.stack}`);
      return true;
    });
  }
});

Deno.test("teacher onnx tells a file that is cut off from a model", async () => {
  const whole = await Deno.readFile(FIRST), folder = await Deno.makeTempDir({ prefix: "seed-onnx-" });
  try {
    const weights = join(folder, "cut.onnx");
    for (let length = 0; length < whole.length; length += 40) {
      await Deno.writeFile(weights, whole.subarray(0, length));
      await assert.rejects(teacherOf({ weights, output: "rows" }), RunError, `cut at ${length}`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a recipe must tell the normalisation", () => {
  const { error } = plugin.options.safeParse({ weights: "a.onnx" });
  assert.deepEqual(error!.issues.map(({ path }) => path.join()), ["mean", "std"]);
  assert.ok(!plugin.options.safeParse({ weights: "a.onnx", mean, std: [0.2, 0, 0.2] }).success);
});

Deno.test("an output whose first axis is not the images' is refused, by its shape", async () => {
  const dims = [197, 2, 5], data = new Float32Array(197 * 2 * 5); // of a transformer whose tokens come first
  const options = {
    runtime: { Tensor: class {} },
    session: { run: () => Promise.resolve({ tokens: { dims, data, type: "float32" } }) },
    input: { name: "images", order: "nchw", batch: null, side: null },
    ...{ output: "tokens", tokens: "first", normalization: { mean: [0, 0, 0], std: [1, 1, 1] } },
  };
  await assert.rejects(OnnxTeacher.create(options as never, 8), {
    message:
      'The output "tokens" of the ONNX model is [197, 2, 5] for 2 images: its first axis must be theirs',
  });
});
