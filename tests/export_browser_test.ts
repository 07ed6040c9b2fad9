/**
 * What is exported runs in a browser: TensorFlow.js on WebGL, transformers.js on WebAssembly, and `preprocess.js` from a
 * picture's file on.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { centerView } from "@seed/core";
import { preprocessModule } from "@seed/core/host";
import { encodeGraphModel, encodeModel, graphModel, hubModel, studentNetwork } from "@seed/nn/host";
import sharp from "sharp";
import { configOf, preprocessorConfigOf } from "../cli/export/hub/configs.ts";
import { unit } from "./golden/formula.ts";
import { findChromium, inChromium } from "./support/chromium.ts";
import {
  assertClose,
  NO_FILE,
  normalizedImages,
  outputsOf,
  SIDE,
  trained,
} from "./support/exported_students.ts";
import { transformersJs } from "./support/transformers_js.ts";

const chromium = await findChromium();
const test = (name: string, fn: () => Promise<void>) =>
  Deno.test({
    name: name + (chromium ? "" : " (left out: there is no Chromium; SEED_CHROMIUM names one)"),
    ignore: !chromium,
    fn,
  });

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-browser-" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

test("TensorFlow.js computes the engine's features in Chromium on WebGL", () =>
  withFolder(async (folder) => {
    using student = await trained("mobilenet_v3_small");
    using network = studentNetwork(student, NO_FILE, SIDE);
    const model = graphModel(network, { outputs: "features", inputSize: SIDE });
    for (const [name, bytes] of encodeGraphModel(model, { producer: "test", dtype: "fp32" })) {
      await Deno.writeFile(join(folder, name), bytes);
    }
    const expected = outputsOf(student).features, pixels = normalizedImages(student, [0, 1, 2, 3]);
    await Deno.writeFile(
      join(folder, "pixels.bin"),
      new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength),
    );
    const tfjs = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs/dist/tf.min.js"));
    const found = await inChromium<{ backend: string; features: number[] }>(
      chromium!,
      `await import("/tfjs/tf.min.js");
      await tf.setBackend("webgl");
      const pixels = new Float32Array(await (await fetch("/model/pixels.bin")).arrayBuffer());
      const model = await tf.loadGraphModel("/model/model.json");
      const features = model.predict(tf.tensor4d(pixels, [3, ${SIDE}, ${SIDE}, 3]));
      await post({ backend: tf.getBackend(), features: [...await features.data()] });`,
      { tfjs, model: folder },
    );
    assert.equal(found.backend, "webgl");
    assertClose("features", found.features, expected);
  }));

test("preprocess.js gives the pixels of embed of a PNG's file in Chromium", () =>
  withFolder(async (folder) => {
    const raw = { width: 150, height: 90, channels: 3 } as const, noise = unit("browser", 3 * 150 * 90);
    const png = await sharp(Uint8Array.from(noise, (value) => 256 * value), { raw }).png().toBuffer();
    await Deno.writeFile(join(folder, "a.png"), png);
    const wanted = { size: 48, mean: [0, 0, 0], std: [1, 1, 1], layout: "channels last" } as const;
    await Deno.writeTextFile(join(folder, "preprocess.js"), await preprocessModule(wanted));
    const found = await inChromium<number[]>(
      chromium!,
      `const { centerPixels, pixelsOf } = await import("/model/preprocess.js");
      const file = await (await fetch("/model/a.png")).blob();
      await post([...centerPixels(await pixelsOf(file), 48)]);`,
      { model: folder },
    );
    assert.deepEqual(found, [...await centerView(new Uint8Array(png), 48)]);
  }));

test("transformers.js computes the engine's features in Chromium on WebAssembly", () =>
  withFolder(async (folder) => {
    using student = await trained("mobilenet_v3_small");
    using network = studentNetwork(student, NO_FILE, SIDE);
    const { mean, std, featureDim } = student;
    const hub = { architecture: null, featureDim, size: SIDE, shortSide: 73, mean, std };
    await Deno.mkdir(join(folder, "student/onnx"), { recursive: true });
    await Deno.writeFile(join(folder, "student/onnx/model.onnx"), encodeModel(hubModel(network, SIDE)));
    const configs = { "config.json": configOf(hub), "preprocessor_config.json": preprocessorConfigOf(hub) };
    for (const [name, value] of Object.entries(configs)) {
      await Deno.writeTextFile(join(folder, "student", name), JSON.stringify(value));
    }
    const pixels = normalizedImages(student, [0, 3, 1, 2]), expected = outputsOf(student).features;
    await Deno.writeFile(
      join(folder, "pixels.bin"),
      new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength),
    );
    const library = join(await transformersJs(), "node_modules/@huggingface/transformers");
    const runtime = dirname(
      createRequire(await Deno.realPath(join(library, "package.json"))).resolve("onnxruntime-web"),
    );
    const found = await inChromium<number[]>(
      chromium!,
      `const { AutoModel, env, Tensor } = await import("/transformers/transformers.min.js");
      Object.assign(env, { allowLocalModels: true, allowRemoteModels: false, localModelPath: "/models/" });
      env.backends.onnx.wasm.wasmPaths = "/runtime/";
      const pixels = new Float32Array(await (await fetch("/models/pixels.bin")).arrayBuffer());
      const model = await AutoModel.from_pretrained("student", { dtype: "fp32" });
      const pixel_values = new Tensor("float32", pixels, [3, 3, ${SIDE}, ${SIDE}]);
      await post([...(await model({ pixel_values })).pooler_output.data]);`,
      { transformers: join(library, "dist"), runtime, models: folder },
    );
    assertClose("features", found, expected, 1e-3);
  }));
