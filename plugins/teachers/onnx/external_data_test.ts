import assert from "node:assert/strict";
import { join } from "node:path";
import protobuf from "protobufjs";
import { RunError, tf } from "@seed/core";
import plugin from "./mod.ts";
import { assertFingerprint } from "../../../tests/golden/fingerprint.ts";
import { images } from "../../../tests/golden/formula.ts";
import golden from "../../../tests/golden/onnx_external.json" with { type: "json" };
import normalization from "../../../tests/golden/onnx_teacher.json" with { type: "json" };
import { eagerEngine } from "../../../tests/support/eager_engine.ts";
import { onnxContext } from "../../../tests/support/onnx_runtime.ts";

const GOLDEN = join(import.meta.dirname!, "../../../tests/golden");
const { mean, std } = normalization;
const MODEL = "onnx_external.onnx", DATA = `${MODEL}.data`;

const optionsOf = (weights: string, given: Record<string, unknown> = {}) =>
  plugin.options.parse({ weights, ...{ mean, std, output: "rows" }, ...given });

async function teacherOf(weights: string, given: Record<string, unknown> = {}) {
  const options = optionsOf(weights, given);
  await plugin.checkFiles!(options, onnxContext);
  return await plugin.create(options, { ...onnxContext, engine: await eagerEngine() });
}

/** Copies of both files in a folder of their own, within another one. */
async function withModel(use: (folder: string, model: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "seed-onnx-" }), folder = join(root, "model");
  try {
    await Deno.mkdir(folder);
    for (const name of [MODEL, DATA]) await Deno.copyFile(join(GOLDEN, name), join(folder, name));
    await use(folder, join(folder, MODEL));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** What is said before the engine opens. */
async function refusal(weights: string, given: Record<string, unknown> = {}): Promise<string> {
  let message = "";
  await assert.rejects(
    async () => await plugin.checkFiles!(optionsOf(weights, given), onnxContext),
    (error: Error) => {
      assert.ok(error instanceof RunError, `${error.stack}`);
      message = error.message;
      return true;
    },
  );
  return message;
}

Deno.test("a model of PyTorch's exporter, whose weights are in a file beside it, embeds as PyTorch does", async () => {
  using teacher = await teacherOf(join(GOLDEN, MODEL), { sha256: golden.sha256 });
  const batch = images("images", 3, 16), embedding = await teacher.embed(batch);
  assertFingerprint("rows", await embedding.data(), golden.embedding, { tolerance: 1e-5 });
  assert.equal(teacher.weights!.sha256, golden.sha256);
  tf.dispose([batch, embedding]);
});

Deno.test("the hash is of the files beside a model too: another one there is told", async () => {
  await withModel(async (folder, model) => {
    const bytes = await Deno.readFile(join(folder, DATA));
    bytes[2] ^= 1;
    await Deno.writeFile(join(folder, DATA), bytes);
    const message = await refusal(model, { sha256: golden.sha256 });
    assert.match(message, /onnx\.data" has the SHA-256 [0-9a-f]{64}, but [0-9a-f]{64} is expected/);
    using teacher = await teacherOf(model);
    assert.notEqual(teacher.weights!.sha256, golden.sha256);
  });
});

Deno.test("a file beside a model that is missing or too short is told by its name before the engine opens", async () => {
  await withModel(async (folder, model) => {
    await Deno.truncate(join(folder, DATA), 1000);
    assert.match(
      await refusal(model),
      /onnx\.data" of .* has 1000 bytes, but the tensor ".*" ends at byte \d+/,
    );
    await Deno.remove(join(folder, DATA));
    assert.match(
      await refusal(model),
      /weights in the file "onnx_external\.onnx\.data" beside it, but there is none/,
    );
    await Deno.mkdir(join(folder, DATA));
    assert.match(await refusal(model), /onnx\.data", where .* is no file/);
  });
});

Deno.test("a model cannot have files outside its folder read, by whatever name or link", async () => {
  await withModel(async (folder, model) => {
    const outside = join(folder, "../secret");
    await Deno.rename(join(folder, DATA), outside);
    await Deno.symlink("../secret", join(folder, DATA));
    assert.match(
      await refusal(model),
      /"onnx_external\.onnx\.data", a link to ".*secret", outside its own folder/,
    );
    for (const location of ["../secret", "a/../../secret", outside, "/etc/passwd"]) {
      await Deno.writeFile(model, modelOf([{ name: "w", type: 1, external: { location } }]));
      assert.ok((await refusal(model)).includes(`"${location}", outside its own folder`), location);
    }
  });
});

Deno.test("a model that is a link to a folder of files, as caches of models keep them, is read from there", async () => {
  await withModel(async (folder, model) => {
    const snapshot = join(folder, "../snapshot");
    await Deno.mkdir(snapshot);
    for (const name of [MODEL, DATA]) await Deno.symlink(join("../model", name), join(snapshot, name));
    await plugin.checkFiles!(optionsOf(join(snapshot, MODEL), { sha256: golden.sha256 }), onnxContext);
    await plugin.checkFiles!(optionsOf(model, { sha256: golden.sha256 }), onnxContext);
  });
});

Deno.test("external data that says no file, or numbers that are none, is refused", async () => {
  await withModel(async (folder, model) => {
    const cases: [Record<string, string>, RegExp][] = [
      [{}, /does not say in which file the tensor "w" is/],
      [{ location: DATA, offset: "-4" }, /the offset "-4", expected a number of bytes/],
      [{ location: DATA, length: "1e3" }, /the length "1e3", expected a number of bytes/],
      [{ location: DATA, offset: "4000", length: "4000" }, /ends at byte 8000/],
    ];
    for (const [external, says] of cases) {
      await Deno.writeFile(join(folder, MODEL), modelOf([{ name: "w", type: 1, external }]));
      assert.match(await refusal(model), says);
    }
  });
});

const f32 = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const f16 = (...bits: number[]) => new Uint8Array(Uint16Array.from(bits).buffer);

Deno.test("weights that are NaN or infinite are refused by name, in the graph and beside it; masks are not", async () => {
  await withModel(async (folder, model) => {
    const cases: [Made, RegExp | null][] = [
      [{ name: "w", type: 1, raw: f32(1, NaN, 2) }, /"w" is not finite: 1 of 3 values is NaN or infinite/],
      [{ name: "w", type: 1, raw: f32(1, Infinity, -Infinity, 2) }, /"w" is not finite: 2 of 4 values are/],
      [{ name: "w", type: 10, raw: f16(0x3c00, 0x7e00) }, /"w" is not finite: 1 of 2 values/],
      [{ name: "w", type: 16, raw: f16(0x3f80, 0x7f80, 0x4000) }, /"w" is not finite: 1 of 3 values/],
      [
        { name: "w", type: 1, external: { location: "x.bin", offset: "4" }, dims: [3] },
        /"w" .*: 1 of 3 values/,
      ],
      [{ name: "mask", type: 1, raw: f32(0, -Infinity, 0, 0) }, null],
      [{ name: "limit", type: 1, raw: f32(Infinity) }, null],
      [{ name: "integers", type: 6, raw: f32(NaN, 1, 2) }, null],
    ];
    await Deno.writeFile(join(folder, "x.bin"), f32(NaN, 1, NaN, 2));
    for (const [tensor, says] of cases) {
      await Deno.writeFile(model, modelOf([tensor]));
      // Without an operator it is no model that runs: what is no fault of the weights is onnxruntime's to tell.
      await assert.rejects(teacherOf(model), says ?? /^RunError: onnxruntime cannot load|has the inputs/);
    }
  });
});

/** A tensor of a model made by hand. */
interface Made {
  name: string;
  type: number;
  dims?: number[];
  raw?: Uint8Array;
  external?: Record<string, string>;
}

/** The bytes of a model that is nothing but initializers. */
function modelOf(tensors: Made[]): Uint8Array {
  const graph = protobuf.Writer.create();
  for (const { name, type, dims = [], raw, external } of tensors) {
    const tensor = protobuf.Writer.create();
    for (const side of dims) tensor.uint32(1 << 3).int64(side);
    tensor.uint32(2 << 3).int32(type).uint32(8 << 3 | 2).string(name);
    if (raw) tensor.uint32(9 << 3 | 2).bytes(raw);
    for (const [key, value] of Object.entries(external ?? {})) {
      tensor.uint32(13 << 3 | 2).fork().uint32(1 << 3 | 2).string(key).uint32(2 << 3 | 2).string(value)
        .ldelim();
    }
    if (external) tensor.uint32(14 << 3).int32(1);
    graph.uint32(5 << 3 | 2).bytes(tensor.finish());
  }
  return protobuf.Writer.create().uint32(1 << 3).int64(8).uint32(7 << 3 | 2).bytes(graph.finish()).finish();
}
