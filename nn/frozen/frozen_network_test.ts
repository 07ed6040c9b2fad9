import assert from "node:assert/strict";
import { RunError, tf, type WeightsFile } from "@seed/core";
import { identity } from "../layers/activation.ts";
import { convNorm } from "../layers/conv_norm.ts";
import { FrozenNetwork, layoutOf, publishedInput } from "./frozen_network.ts";
import type { Network } from "../networks/networks.ts";
import { IMAGENET, normalize, SWAV } from "../backbones/normalize.ts";
import { plainLayout } from "../layouts/layout.ts";
import { MOCO_LAYOUTS } from "../layouts/moco.ts";
import { runLayouts } from "../layouts/run.ts";

const PLAIN = plainLayout("plain", ["conv1.weight"], "fc.");

/** One convolution. */
const TINY: Network = {
  name: "tiny",
  inputSize: 8,
  normalization: IMAGENET,
  layouts: [
    ...MOCO_LAYOUTS,
    ...runLayouts("conv1.weight"),
    PLAIN,
  ],
  build(source, normalization) {
    const conv = convNorm(source, {
      ...{ names: ["conv1", "bn1"], inputs: 3, outputs: 4, kernel: 1, activation: identity },
    });
    return {
      featureDim: 4,
      normalization,
      features: (images, mode) =>
        tf.mean(conv(normalize(images, normalization), mode), [1, 2]) as tf.Tensor2D,
    };
  },
};

type Shapes = Record<string, number[]>;
const BACKBONE: Shapes = {
  "conv1.weight": [4, 3, 1, 1],
  "bn1.weight": [4],
  "bn1.bias": [4],
  "bn1.running_mean": [4],
  "bn1.running_var": [4],
};
const MLP: Shapes = { "0.weight": [6, 4], "0.bias": [6], "2.weight": [5, 6], "2.bias": [5] };

/** A file whose values depend on the last two parts of a name and the index alone. */
function fileOf(shapes: Shapes, metadata: Record<string, string> = {}): WeightsFile {
  return {
    path: "weights.file",
    format: "test",
    metadata,
    tensors: new Map(Object.entries(shapes).map(([name, shape]) => [name, { dtype: "F32", shape }])),
    read: (name) => {
      const key = name.split(".").slice(-2).join(), size = shapes[name].reduce((a, b) => a * b, 1);
      return Float32Array.from({ length: size }, (_, i) => 0.6 + 0.3 * Math.sin(key.length * 7 + i * i));
    },
    [Symbol.dispose]() {},
  };
}

const prefixed = (prefix: string, shapes: Shapes) =>
  Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [prefix + name, shape]));

const FILES: Record<string, Shapes> = {
  "moco v2": {
    ...prefixed("module.encoder_q.", { ...BACKBONE, ...prefixed("fc.", MLP) }),
    ...prefixed("module.encoder_k.", { ...BACKBONE, ...prefixed("fc.", MLP) }),
    "module.queue": [5, 64],
    "module.queue_ptr": [1],
  },
  "moco v1": {
    ...prefixed("module.encoder_q.", { ...BACKBONE, "fc.weight": [5, 4], "fc.bias": [5] }),
    ...prefixed("module.encoder_k.", { ...BACKBONE, "fc.weight": [5, 4], "fc.bias": [5] }),
  },
  "seed student": { ...BACKBONE, "bn1.num_batches_tracked": [], ...prefixed("head.", MLP) },
  "seed checkpoint": {
    ...prefixed("student.", { ...BACKBONE, ...prefixed("head.", MLP) }),
    ...prefixed("optimizer.momentum.", BACKBONE),
    "queue.embeddings": [8, 5],
    "queue.pointer": [],
  },
  "plain": { ...BACKBONE, "fc.weight": [1000, 4], "fc.bias": [1000] },
};

async function outputs(file: WeightsFile, layer: "features" | "embedding"): Promise<Float32Array> {
  using network = FrozenNetwork.load(file, TINY);
  const images = tf.tidy(() => tf.mul(tf.range(0, 2 * 8 * 8 * 3), 0.6).reshape([2, 8, 8, 3])) as tf.Tensor4D;
  return await network[layer](images).data() as Float32Array;
}

Deno.test("FrozenNetwork finds every layout by its names and reads the same network from each", async () => {
  const expected = await outputs(fileOf(FILES.plain), "features");
  assert.ok(expected.every((value) => value !== 0));
  for (const [name, shapes] of Object.entries(FILES)) {
    using network = FrozenNetwork.load(fileOf(shapes), TINY);
    assert.equal(network.layout.name, name);
    assert.equal(network.headDim, name === "plain" ? null : 5);
    assert.deepEqual(await outputs(fileOf(shapes), "features"), expected);
  }
});

Deno.test("FrozenNetwork reads the same head from MoCo-v2's, a student's and a checkpoint's names", async () => {
  const expected = await outputs(fileOf(FILES["moco v2"]), "embedding");
  assert.equal(expected.length, 2 * 5);
  for (const name of ["seed student", "seed checkpoint"]) {
    assert.deepEqual(await outputs(fileOf(FILES[name]), "embedding"), expected);
  }
});

Deno.test("FrozenNetwork reads a student's head of a single layer", () => {
  const shapes = { ...BACKBONE, "head.0.weight": [7, 4], "head.0.bias": [7] };
  using network = FrozenNetwork.load(fileOf(shapes), TINY);
  assert.equal(network.headDim, 7);
});

Deno.test("a head's width that the file has no values for takes no memory, and is told", () => {
  const two: Shapes = { "head.2.weight": [5, 6], "head.2.bias": [5] };
  const cases: [Shapes, RegExp][] = [
    [
      { "head.0.weight": [4e9, 0], ...two },
      /"head\.0\.weight" has the shape \[4000000000,0\], expected \[4000000000,4\]/,
    ],
    [{ "head.0.weight": [0, 4], "head.2.weight": [4e9, 0] }, /shape \[0,4\], expected \[1,4\]/],
    [{ "head.0.weight": [], ...two }, /shape \[\], expected \[1,4\]/],
    [{ "head.0.weight": [6, 4], "head.2.weight": [5, 7] }, /shape \[5,7\], expected \[5,6\]/],
  ];
  for (const [head, says] of cases) {
    const shapes = { ...BACKBONE, ...head, extra: [1] };
    assert.throws(() => FrozenNetwork.load(fileOf(shapes), TINY), (error) => {
      assert.ok(error instanceof RunError, `${error}`);
      assert.match(error.message, says);
      // What does not fit is one line, beside all other problems.
      assert.equal(error.message.match(/head/g)?.length, 1);
      assert.match(error.message, /left over "extra"/);
      return true;
    });
  }
});

Deno.test("a head's entries whose numbers no Sequential writes are left over", () => {
  const head = {
    "head.0.weight": [6, 4],
    "head.007.weight": [5, 6],
    [`head.${"9".repeat(30)}.weight`]: [5, 6],
  };
  assert.throws(() => FrozenNetwork.load(fileOf({ ...BACKBONE, ...head }), TINY), (error) => {
    assert.ok(error instanceof RunError, `${error}`);
    assert.match(error.message, /left over "head\.007\.weight"\n {2}left over "head\.9{30}\.weight"/);
    return true;
  });
});

Deno.test("FrozenNetwork lists entries that are missing, of another shape and left over", () => {
  const shapes: Shapes = { ...FILES.plain, "bn1.bias": [3], "extra.weight": [1] };
  delete shapes["bn1.running_var"];
  assert.throws(() => FrozenNetwork.load(fileOf(shapes), TINY), (error) => {
    assert.ok(error instanceof RunError);
    assert.match(error.message, /missing "bn1.running_var"/);
    assert.match(error.message, /"bn1.bias" has the shape \[3\], expected \[4\]/);
    assert.match(error.message, /left over "extra.weight"/);
    return true;
  });
  const accepted = { ...FILES.plain, "extra.weight": [1] };
  FrozenNetwork.load(fileOf(accepted), TINY, { allowUnused: true })[Symbol.dispose]();
});

Deno.test("layoutOf says what an unknown file holds, what is read, and what the file looks like", () => {
  const unknown = fileOf({ "backbone.weight": [1], "_conv_stem.weight": [1] });
  assert.throws(() => layoutOf(unknown, TINY), (error) => {
    assert.ok(error instanceof RunError);
    assert.match(error.message, /"weights.file" are in no layout that is read for tiny/);
    assert.match(error.message, /looks like weights of efficientnet_lite2/);
    assert.match(error.message, /2 tensors, such as "backbone.weight"/);
    assert.match(
      error.message,
      /moco v2 \(with "module.encoder_q.fc.0.weight" and "module.encoder_q.fc.2.weight"\)/,
    );
    return true;
  });
});

Deno.test("a student's file says its own input size and normalisation, and a layout its publisher's", async () => {
  const metadata = { input_size: "96", mean: "[0.5,0.5,0.5]", std: "[0.25,0.25,0.25]" };
  const file = fileOf(FILES["seed student"], metadata);
  const normalization = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
  assert.deepEqual(publishedInput(file, TINY, PLAIN), { inputSize: 96, normalization });
  assert.notDeepEqual(
    await outputs(file, "features"),
    await outputs(fileOf(FILES["seed student"]), "features"),
  );
  assert.throws(
    () => publishedInput(fileOf({}, { mean: "[0.5]" }), TINY, PLAIN),
    /mean "\[0.5\]", expected three/,
  );
  for (const size of ["big", "0", "-8", "1e3", "99999", "100000", "", "Infinity"]) {
    assert.throws(
      () => publishedInput(fileOf({}, { input_size: size }), TINY, PLAIN),
      (error: Error) =>
        error instanceof RunError && error.message.includes(`says input_size "${size}", expected`),
    );
  }
  for (const std of ["[0,0,0]", "[0.2,-0.2,0.2]", "[1e999,1,1]", "[0.2,0.2]", '{"length":3}']) {
    assert.throws(
      () => publishedInput(fileOf({}, { std }), TINY, PLAIN),
      (error: Error) => error instanceof RunError && error.message.includes("expected three numbers above 0"),
    );
  }
  const published = publishedInput(fileOf({}), TINY, { ...PLAIN, normalization: SWAV });
  assert.deepEqual(published, { inputSize: 8, normalization: SWAV });
});

Deno.test("metadata that no network has is an error with the file, the key and the value", () => {
  const cases: [Record<string, string>, RegExp][] = [
    [
      { std: "[1e-300,1,1]" },
      /"weights\.file" says std "\[1e-300,1,1\]", expected three numbers above 0, from 0\.001/,
    ],
    [{ std: "[1e300,1,1]" }, /says std/],
    [{ mean: "[1e300,0,0]" }, /says mean "\[1e300,0,0\]"/],
    [{ network: "resnet50" }, /says network "resnet50", but it is read as tiny/],
    [{ network: "" }, /says network ""/],
    [{ input_size: "50" }, /says input_size "50"\. A side of 50 pixels does not divide into patches of 8/],
  ];
  for (const [metadata, says] of cases) {
    assert.throws(
      () => publishedInput(fileOf({}, metadata), { ...TINY, patch: 8 }, PLAIN),
      (error: Error) => {
        assert.ok(error instanceof RunError);
        assert.match(error.message, says);
        return true;
      },
    );
  }
});
