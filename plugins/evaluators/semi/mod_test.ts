import assert from "node:assert/strict";
import { join } from "node:path";
import {
  embedImages,
  type EvaluationDetails,
  type ImageSet,
  type Plugin,
  Random,
  tf,
  type ViewMaker,
} from "@seed/core";
import { augmenterModule, neededAugmenters, viewMakers, ViewPipeline } from "@seed/core/host";
import dataImageFolder from "@seed/data-image-folder";
import { type Backbone, layerNorm, type ParameterSource, StudentNetwork } from "@seed/nn";
import { testContext, testEngine } from "../../../tests/support/engine.ts";
import { makeImageFolder } from "../../../tests/support/image_folder.ts";
import { tinyBackbone, tinyStudent } from "../../../tests/support/tiny_student.ts";
import { FineTuned } from "./fine_tune.ts";
import plugin from "./mod.ts";
import { listed, stratified } from "./split.ts";

Deno.test("a stratified split has the same share of each class, without doubles, by the seed", () => {
  for (let trial = 0; trial < 30; trial++) {
    const random = new Random(trial, "split"), classes = 1 + random.below(5), share = random.uniform(0.01, 1);
    const labels = Array.from({ length: 5 + random.below(200) }, () => random.below(classes));
    const rows = stratified(labels, share, trial);
    assert.equal(new Set(rows).size, rows.length);
    for (const label of new Set(labels)) {
      const all = labels.filter((other) => other === label).length;
      const known = rows.filter((row) => labels[row] === label).length;
      assert.equal(known, Math.max(1, Math.round(share * all)));
    }
    assert.deepEqual(stratified(labels, share, trial), rows);
  }
  const many = Array.from({ length: 100 }, (_, i) => i % 2);
  assert.notDeepEqual(stratified(many, 0.2, 1), stratified(many, 0.2, 2));
});

Deno.test("a list names images by file name, and a name that is not there is told with its line", async () => {
  const names = ["cat/a.jpg", "cat/b.jpg", "dog/c.jpg"];
  const images: ImageSet = { length: 3, image: (i) => ({ name: names[i], file: "" }) };
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "c.jpg\nn01440764/a.jpg\n\n");
    assert.deepEqual(await listed(images, path), [2, 0]);
    await Deno.writeTextFile(path, "c.jpg\nd.jpg\n");
    await assert.rejects(listed(images, path), { message: `${path}:2: The gallery has no image "d.jpg"` });
    const twins: ImageSet = { length: 2, image: (i) => ({ name: ["cat/1.jpg", "dog/1.jpg"][i], file: "" }) };
    await Deno.writeTextFile(path, "dog/1.jpg\ncat/1.jpg\n");
    assert.deepEqual(await listed(twins, path), [1, 0]);
    await Deno.writeTextFile(path, "1.jpg\n");
    await assert.rejects(listed(twins, path), { message: `${path}:1: The gallery has 2 images "1.jpg"` });
    await assert.rejects(listed(images, "/nowhere"), /Cannot read the list "\/nowhere"/);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("splits whose figures would have one name are refused", () => {
  const splits = [{ labels: 0.01 }, { labels: 0.01, lr: 0.1 }];
  assert.match(plugin.options.safeParse({ splits }).error!.message, /Two splits have the share 1 %/);
});

Deno.test("rates that are not given are SwAV's for so many labels", () => {
  const { splits } = plugin.options.parse({ splits: [{ labels: 0.02 }, { labels: 0.05, head_lr: 3 }] });
  assert.deepEqual(splits, [
    { labels: 0.02, list: null, lr: 0.02, head_lr: 5 },
    { labels: 0.05, list: null, lr: 0.01, head_lr: 3 },
  ]);
});

Deno.test("fine-tuning learns from few labels, leaves the network as it is, and keeps no tensors", async () => {
  const engine = await testEngine(), folder = await Deno.makeTempDir({ prefix: "seed-semi-" });
  try {
    await makeImageFolder(folder, { train: 16, val: 8 });
    using data = await dataImageFolder.create(
      dataImageFolder.options.parse({ root: join(folder) }),
      testContext,
    );
    const { gallery, queries } = data.evaluation!;
    using student = tinyStudent({ seed: 1, teacherDim: null });
    const values = () => student.parameters.map(({ variable }) => variable.dataSync());
    const before = values();
    const copy = () => {
      const other = tinyStudent({ seed: 2, teacherDim: null });
      other.parameters.forEach(({ variable }, i) => variable.assign(student.parameters[i].variable));
      return Promise.resolve(other);
    };
    const splits = [{ labels: 0.5, lr: 0.1, head_lr: 1 }];
    const options = plugin.options.parse({ splits, epochs: 12, batch_size: 12, drops: [8] });
    const evaluator = await plugin.create(options, { ...testContext, engine });
    const uses = [{ plugin: plugin as Plugin<"evaluator">, options }];
    const augmenters = neededAugmenters(uses).map(augmenterModule);
    await using pipeline = await ViewPipeline.start({ augmenters, workers: 2, seed: 0 });
    const [views] = viewMakers(uses, pipeline, 0);
    const subject = { gallery: await unembedded(gallery), queries: await unembedded(queries) };
    let details: EvaluationDetails | undefined;
    const evaluate = () =>
      evaluator.evaluate({
        ...{ subject, teacher: null, network: { size: 32, copy }, views },
        report: (found) => details = found,
      });
    const figures = await evaluate(), tensors = tf.memory().numTensors;
    assert.deepEqual(Object.keys(figures), ["top1_50_percent"]);
    assert.ok(figures.top1_50_percent > 0.6, `${figures.top1_50_percent} of three classes`);
    assert.equal(details!.gallery, 24);
    assert.deepEqual(values(), before);
    assert.deepEqual(await evaluate(), figures);
    assert.equal(tf.memory().numTensors, tensors);
    await assert.rejects(evaluator.evaluate({ subject, teacher: null }), /it needs a run's student/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a network's own head.norm is fine-tuned, and its projection head is not", async () => {
  const engine = await testEngine(), random = new Random(0, "pixels");
  using student = new StudentNetwork("normed", normedBackbone, {
    seed: 1,
    head: { hidden: 8 },
    teacherDim: 6,
  });
  using tuned = new FineTuned(student, 2, 0);
  const values = () => student.parameters.map(({ variable }) => `${variable.dataSync()}`), before = values();
  const pixels = Uint8Array.from({ length: 4 * 8 * 8 * 3 }, () => random.below(256));
  const views: ViewMaker = {
    async *batches(requests) {
      for (const _ of requests) yield { pixels, size: 8 };
    },
  };
  const images = [0, 1, 0, 1].map((label, i) => ({ image: { name: `${i}`, file: "" }, label }));
  const options = { epochs: 1, batch_size: 4, drops: [], lr: 0.1, head_lr: 0.1, size: 8, seed: 0 };
  await tuned.train({ engine, views, signal: testContext.signal }, images, options);
  const after = values(), moved = student.parameters.filter((_, i) => after[i] !== before[i]);
  const ofHead = moved.map(({ name }) => name).filter((name) => name.startsWith("head."));
  assert.deepEqual(ofHead, ["head.norm.weight", "head.norm.bias"]);
});

/** As a ConvNeXt has it: a norm of the network's own that is called as if it were the projection head's. */
function normedBackbone(source: ParameterSource): Backbone {
  const { features, featureDim, normalization } = tinyBackbone(source);
  const norm = layerNorm(source, "head.norm", featureDim);
  return { featureDim, normalization, features: (images, mode) => norm(features(images, mode)) };
}

/** What an evaluator gets that does not look at embeddings. */
async function unembedded(images: ImageSet) {
  await using pipeline = await ViewPipeline.start({ augmenters: [], workers: 1, seed: 0 });
  const encode = (pixels: tf.Tensor4D) => Promise.resolve([tf.zeros<tf.Rank.R2>([pixels.shape[0], 1])]);
  return await embedImages(images, encode, {
    network: "a network",
    engine: await testEngine(),
    pipeline,
    batchSize: 8,
    size: 8,
  });
}
