import assert from "node:assert/strict";
import { join } from "node:path";
import { type NamedArray, RunError, type Student, tf, writeSafetensors } from "@seed/core";
import { readParameters } from "@seed/core/host";
import efficientnet from "@seed/student-efficientnet";
import mobilenetV3 from "@seed/student-mobilenet-v3";
import resnet from "@seed/student-resnet";
import { images } from "../../tests/golden/formula.ts";
import { contextIn, inFolder } from "../../tests/support/plugin_context.ts";

await tf.setBackend("cpu");

type Head = { hidden: number | number[] | null; norm?: "none" | "batch"; dim?: number };

const optionsOf = (head: Head) => mobilenetV3.options.parse({ variant: "small", head });

async function student(seed: number, head: Head, isFrozen?: (name: string) => boolean): Promise<Student> {
  const context = { ...contextIn("."), seed, engine: null!, embeddingDim: null, isFrozen };
  return await mobilenetV3.create(optionsOf(head), context);
}

async function valuesOf(student: Student): Promise<Map<string, NamedArray["data"]>> {
  return new Map((await readParameters(student.parameters)).map(({ name, data }) => [name, data]));
}

/** Writes a student as a run does, with changes. */
async function write(
  path: string,
  from: Student,
  change: (tensors: NamedArray[]) => NamedArray[] = (tensors) => tensors,
  metadata: Record<string, string> = { network: "mobilenet_v3_small" },
): Promise<void> {
  await writeSafetensors(path, change(await readParameters(from.parameters)), metadata);
}

const load = async (into: Student, head: Head, path: string, allowUnused = false) =>
  await mobilenetV3.loadWeights!(optionsOf(head), into, { path, allowUnused, below: null });

const check = async (path: string, allowUnused = false) =>
  await mobilenetV3.checkWeights!(optionsOf({ hidden: null }), { path, allowUnused, below: null });

Deno.test("a student takes all of an earlier student's values, to the bit, and of a checkpoint of it", () =>
  inFolder(async (folder) => {
    const head = { hidden: 4, dim: 3 }, tensors = tf.memory().numTensors;
    using from = await student(1, head);
    const expected = await valuesOf(from);
    const checkpoint = (tensors: NamedArray[]) => [
      ...tensors.map((tensor) => ({ ...tensor, name: `student.${tensor.name}` })),
      ...tensors.slice(0, 5).map((tensor) => ({ ...tensor, name: `optimizer.momentum.${tensor.name}` })),
    ];
    for (
      const [layout, change, left] of [["seed student", undefined, 0], [
        "seed checkpoint",
        checkpoint,
        5,
      ]] as const
    ) {
      const path = join(folder, `${layout}.safetensors`);
      await write(path, from, change, {});
      using into = await student(2, head);
      const taken = await load(into, head, path);
      assert.deepEqual(taken, { layout, tensors: expected.size, left, fresh: 0, notes: [] });
      assert.deepEqual(await valuesOf(into), expected);
    }
    from[Symbol.dispose]();
    assert.equal(tf.memory().numTensors, tensors);
  }));

const MISFITS: Record<string, [Head, RegExp]> = {
  "of another width": [{ hidden: 4, dim: 5 }, /"head\.2\.weight" has the shape \[3,4\], expected \[5,4\]/],
  "of fewer layers": [
    { hidden: null, dim: 3 },
    /"head\.0\.weight" has the shape \[4,1024\], expected \[3,1024\]/,
  ],
  "of more layers": [{ hidden: [4, 3], dim: 3 }, /missing "head\.4\.weight"/],
};

for (const [what, [head, why]] of Object.entries(MISFITS)) {
  Deno.test(`a head ${what} begins from noise, all of it, and that is said`, () =>
    inFolder(async (folder) => {
      const path = join(folder, "student.safetensors");
      using from = await student(1, { hidden: 4, dim: 3 });
      await write(path, from);
      using into = await student(2, head);
      using noise = await student(2, head);
      const { fresh, left, notes } = await load(into, head, path);
      const [found, ofFile, ofNoise] = await Promise.all([into, from, noise].map(valuesOf));
      for (const [name, values] of found) {
        assert.deepEqual(values, (name.startsWith("head.") ? ofNoise : ofFile).get(name), name);
      }
      assert.equal(fresh, [...found.keys()].filter((name) => name.startsWith("head.")).length);
      assert.equal(left, 4);
      assert.equal(notes.length, 1);
      assert.match(notes[0], /^the projection head begins from noise: the file's does not fit, /);
      assert.match(notes[0], why);
    }));
}

Deno.test("a file of another network is refused, with the network that it looks like", () =>
  inFolder(async (folder) => {
    const path = join(folder, "large.safetensors");
    const context = { ...contextIn("."), engine: null!, embeddingDim: null };
    using large = await mobilenetV3.create(mobilenetV3.options.parse({ variant: "large" }), context);
    await write(path, large, undefined, {});
    await assert.rejects(
      check(path),
      (error: Error) =>
        error instanceof RunError &&
        /no layout that is read for mobilenet_v3_small; it looks like weights of mobilenet_v3_large\./.test(
          error.message,
        ),
    );
    await write(path, large, undefined, { network: "mobilenet_v3_large" });
    await assert.rejects(
      check(path),
      /no layout that is read for mobilenet_v3_small; it looks like weights of mobilenet_v3_large\./,
    );
    using resnet34 = await resnet.create(resnet.options.parse({ depth: 34 }), context);
    const of18 = resnet.options.parse({ depth: 18 });
    await write(path, resnet34, undefined, {});
    await assert.rejects(
      resnet.checkWeights!(of18, { path, allowUnused: false, below: null }),
      /do not fit resnet18: left over "layer1\.2\..*, and \d+ more; it looks like weights of resnet34; allow_unused/,
    );
    await write(path, resnet34, undefined, { network: "resnet34" });
    await assert.rejects(
      resnet.checkWeights!(of18, { path, allowUnused: false, below: null }),
      /says network "resnet34", but it is read as resnet18/,
    );
    using resnet18 = await resnet.create(resnet.options.parse({}), context);
    await write(path, resnet18, undefined, {});
    await assert.rejects(
      check(path),
      /no layout that is read for mobilenet_v3_small; it looks like weights of resnet18/,
    );
  }));

Deno.test("what is missing, damaged or left over is refused; the last may be allowed", () =>
  inFolder(async (folder) => {
    const path = join(folder, "student.safetensors"), head = { hidden: null, dim: 3 };
    using from = await student(1, head);
    using into = await student(2, head);
    await write(path, from, (tensors) => tensors.filter(({ name }) => name !== "bn1.bias"));
    await assert.rejects(
      check(path),
      /do not fit mobilenet_v3_small: missing "bn1\.bias"/,
    );
    await write(
      path,
      from,
      (tensors) => [...tensors, { name: "more", shape: [1], data: Float32Array.of(1) }],
    );
    await assert.rejects(check(path), /: left over "more"; allow_unused: true accepts/);
    await check(path, true);
    assert.equal((await load(into, head, path, true)).left, 1);
    await write(path, from, (tensors) => {
      tensors.find(({ name }) => name === "bn1.bias")!.data[7] = NaN;
      return tensors;
    });
    await check(path); // which reads no values
    await assert.rejects(
      load(into, head, path),
      /diverged, or damaged; take others:\n {2}"bn1\.bias" is not finite/,
    );
  }));

Deno.test("pixels that the file's network was trained on otherwise are said", () =>
  inFolder(async (folder) => {
    const path = join(folder, "student.safetensors"), head = { hidden: null, dim: 3 };
    using from = await student(1, head);
    using into = await student(2, head);
    await write(path, from, undefined, { mean: "[0.5,0.5,0.5]", std: "[0.5,0.5,0.5]" });
    const { notes } = await load(into, head, path);
    assert.match(
      notes.join(),
      /trained on pixels of mean \[0\.5,0\.5,0\.5\] .*the student takes mean \[0\.485,/,
    );
  }));

Deno.test("names of parameters are known without a student", async () => {
  for (const head of [{ hidden: null }, { hidden: [8, 4], norm: "batch" }] as Head[]) {
    using made = await student(0, head);
    assert.deepEqual(mobilenetV3.parameterNames!(optionsOf(head)), made.parameters.map(({ name }) => name));
  }
});

Deno.test("frozen stages run as in evaluation: their statistics stay, and nothing of them is dropped", async () => {
  const frozen = (name: string) => /^(conv_stem|bn1|blocks)\b/.test(name);
  const options = efficientnet.options.parse({
    variant: "b0",
    head: { hidden: null, dim: 3 },
    drop_path: 0.9,
  });
  const context = { ...contextIn("."), engine: null!, embeddingDim: null, isFrozen: frozen };
  using into = await efficientnet.create(options, context);
  for (const { name, frozen: is } of into.parameters) assert.equal(is ?? false, frozen(name), name);
  const before = await valuesOf(into), views = images("images", 2, 32);
  const noise = tf.zeros<tf.Rank.R2>([2, into.noisePerImage!]); // drops all that may be dropped
  const [dropped, kept] = tf.tidy(() =>
    [noise, undefined].map((noise) => into.forward(views, { training: true, noise }).features.dataSync())
  );
  assert.deepEqual(dropped, kept);
  for (const [name, values] of await valuesOf(into)) {
    const moved = name.startsWith("bn2.running_");
    (moved ? assert.notDeepEqual : assert.deepEqual)(values, before.get(name), name);
  }
  tf.dispose([views, noise]);
});
