/**
 * The conformance suites find what they are for: plugins that break one promise each fail in the step of that
 * promise, and the same plugins unbroken pass.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  type Augmenter,
  BATCH_NORM_GRADIENT_KERNEL,
  BIAS_ADD_KERNEL,
  type DataSource,
  type Engine,
  type Evaluator,
  type Logger,
  nearestNeighbours,
  NORMALIZE_KERNEL,
  type Objective,
  type Precision,
  Random,
  RunError,
  type Teacher,
  tf,
} from "@seed/core";
import {
  checkAugmenter,
  checkDataSource,
  checkEngine,
  checkEvaluator,
  checkKernels,
  checkLogger,
  checkObjective,
  checkQueue,
  checkStudent,
  checkTeacher,
  smallStudent,
  type Steps,
} from "@seed/core/conformance";
import augmenterMocoV2 from "@seed/augmenter-moco-v2";
import dataImageFolder from "@seed/data-image-folder";
import evaluatorKnn from "@seed/evaluator-knn";
import objectiveCospress from "@seed/objective-cospress";
import objectiveMoco from "@seed/objective-moco";
import objectiveSeed from "@seed/objective-seed";
import { FifoQueue } from "@seed/queue-fifo";
import { eagerEngine } from "./support/eager_engine.ts";
import { testContext } from "./support/engine.ts";
import { makeImageFolder } from "./support/image_folder.ts";
import { tinyStudent } from "./support/tiny_student.ts";

const engine = await eagerEngine();
const context = { ...testContext, engine };

/** Names of the steps that fail. */
async function failures(suite: (steps: Steps) => Promise<void>): Promise<string[]> {
  const failed: string[] = [];
  await suite({
    async step(...[step, check]: [string, () => void | Promise<void>] | [object, undefined?]) {
      if (typeof step !== "string" || !check) return; // does not apply
      try {
        await check();
      } catch {
        failed.push(step);
      }
    },
  });
  return failed;
}

/** That the step whose name matches is among those that fail; null: none fails. */
async function expectFailure(suite: (steps: Steps) => Promise<void>, step: RegExp | null): Promise<void> {
  const failed = await failures(suite);
  if (step === null) assert.deepEqual(failed, []);
  else assert.ok(failed.some((name) => step.test(name)), `expected ${step} among ${JSON.stringify(failed)}`);
}

// --- Teacher: mean colours, unit rows.

type Embed = (images: tf.Tensor4D) => tf.Tensor2D;
const colors: Embed = (images) => tf.mean(tf.sub(images, 127.5), [1, 2]);
const unit: Embed = (images) => tf.div(colors(images), tf.norm(colors(images), 2, 1, true));

function teacher(embed: Embed, changed: Partial<Teacher> = {}): Teacher {
  return {
    embeddingDim: 3,
    inputSize: null,
    weights: null,
    // deno-lint-ignore require-await
    embed: async (images) => tf.tidy(() => embed(images)),
    [Symbol.dispose]() {},
    ...changed,
  };
}

let calls = 0;
/** The images, if their shape is that. */
function ofShape(images: tf.Tensor4D, shape: (number | null)[]): tf.Tensor4D {
  assert.ok(shape.every((length, axis) => length === null || images.shape[axis] === length));
  return images;
}

const patches: (images: tf.Tensor4D) => tf.Tensor4D = (images) => tf.avgPool(images, 8, 8, "valid");

/** Beside a map. */
function withMaps(embed: Embed, map = patches, mapDim = 3): Teacher {
  return teacher(unit, {
    mapDim,
    maps: (images) => Promise.resolve(tf.tidy(() => ({ embedding: embed(images), map: map(images) }))),
  });
}

const TEACHERS: [string, () => Teacher, RegExp | null][] = [
  ["as it should be", () => teacher(unit), null],
  ["without normalisation", () => teacher(colors), /unit rows/],
  [
    "that is constant",
    () => teacher((images) => tf.tile(tf.tensor2d([[1, 0, 0]]), [images.shape[0], 1])),
    /apart/,
  ],
  [
    "with the batch's mean taken off",
    () =>
      teacher((images) => {
        const centred = tf.sub(colors(images), tf.mean(colors(images), 0, true));
        return tf.div(centred, tf.norm(centred, 2, 1, true));
      }),
    /whatever else is in the batch/,
  ],
  ["of full batches alone", () => teacher((images) => unit(ofShape(images, [4, 32, 32]))), /other sizes/],
  ["of views of one side", () => teacher((images) => unit(ofShape(images, [null, 32, 32]))), /other sizes/],
  ["of another width", () => teacher(unit, { embeddingDim: 4 }), /unit rows/],
  ["that changes from call to call", () => teacher((images) => unit(tf.add(images, calls++))), /same bits/],
  [
    "that keeps tensors",
    () => teacher((images) => tf.keep(unit(images)).clone() as tf.Tensor2D),
    /keeps no tensors/,
  ],
  [
    "that takes the images away",
    () =>
      teacher((images) => {
        const rows = unit(images);
        images.dispose();
        return rows;
      }),
    /unit rows/,
  ],
  ["with maps", () => withMaps(unit), null],
  ["with another embedding beside a map", () => withMaps(colors), /gives maps/],
  ["with maps of another width", () => withMaps(unit, patches, 4), /gives maps/],
  [
    "with maps that have the batch's mean taken off",
    () => withMaps(unit, (images) => tf.sub(patches(images), tf.mean(patches(images), 0, true))),
    /gives maps/,
  ],
  [
    "that keeps maps",
    () => withMaps(unit, (images) => tf.keep(patches(images)).clone()),
    /gives maps/,
  ],
  [
    "without a hash of its weights",
    () => teacher(unit, { weights: { file: "w", sha256: "", layout: "x", tensors: 1 } }),
    /says its width/,
  ],
];

Deno.test("checkTeacher() tells one that is traced for one shape what it meets besides, and what to do", async () => {
  const messages: string[] = [];
  const make = () => {
    const traced = engine.trace((images) => [unit(images as tf.Tensor4D)], { name: "mine" });
    return {
      ...teacher(unit),
      embed: async (images: tf.Tensor4D) => (await traced.call(images))[0] as tf.Tensor2D,
      [Symbol.dispose]: () => traced[Symbol.dispose](),
    };
  };
  await checkTeacher({
    async step(_name: unknown, check?: () => void | Promise<void>) {
      await Promise.try(check ?? (() => {})).catch((error) => messages.push(error.message));
    },
  }, { make });
  assert.equal(messages.length, 1, messages.join("\n"));
  assert.match(
    messages[0],
    /^The teacher fails on a batch of 1 views of 32 px: .*traced for float32\[4,32,32,3\]/,
  );
  assert.match(
    messages[0],
    /keeps a function for each shape, as examples\/my_teacher\.ts does, or fills batches up$/,
  );
});

for (const [what, make, step] of TEACHERS) {
  Deno.test(`checkTeacher() on one ${what}`, () => expectFailure((t) => checkTeacher(t, { make }), step));
}

// --- Student.

type Tiny = ReturnType<typeof tinyStudent>;
const changed = <T extends object>(object: T, changes: (object: T) => Partial<T>): T =>
  new Proxy(object, {
    get(target, key) {
      const change = changes(target);
      const value = Reflect.get(key in change ? change : target, key);
      return typeof value === "function" && !(key in change) ? value.bind(target) : value;
    },
  });

const STUDENTS: [string, (seed: number) => Tiny, RegExp | null][] = [
  ["as it should be", (seed) => tinyStudent({ seed, teacherDim: null }), null],
  ["whose values ignore the seed", () => tinyStudent({ seed: 5, teacherDim: null }), /seed alone/],
  [
    "that hides its running statistics",
    (seed) =>
      changed(tinyStudent({ seed, teacherDim: null }), (student) => ({
        parameters: student.parameters.filter(({ trainable }) => trainable),
      })),
    /all its state/,
  ],
  [
    "whose features come from the batch's statistics",
    (seed) =>
      changed(tinyStudent({ seed, teacherDim: null }), (student) => ({
        forward: (images) => student.forward(images, { training: true }),
      })),
    /whatever else is in the batch, and changes nothing/,
  ],
  [
    "whose head gets no gradient",
    (seed) =>
      changed(tinyStudent({ seed, teacherDim: null }), (student) => ({
        forward: (images, mode) => {
          const { features, embedding } = student.forward(images, mode);
          return { features, embedding: tf.add(tf.mul(embedding, 0), tf.mean(features, 1, true)) };
        },
      })),
    /gradient for everything/,
  ],
  [
    "of somebody's own network, which takes pixels as they are",
    (seed) =>
      changed(tinyStudent({ seed, teacherDim: null }), () => ({
        ...{ network: "Lab/net-2.0@main", mean: [0, 0.5, 1], std: [1, 0.5, 2] },
      })),
    null,
  ],
  ...[{ network: "" }, { std: [1, 0, 1] }, { mean: [124, 116, 104] }, { mean: [NaN, 0, 0] }].map(
    (wrong): [string, (seed: number) => Tiny, RegExp] => [
      `with ${JSON.stringify(wrong)}`,
      (seed) => changed(tinyStudent({ seed, teacherDim: null }), () => wrong as Partial<Tiny>),
      /network and its normalisation/,
    ],
  ),
  [
    "whose features are others beside a map",
    (seed) =>
      changed(tinyStudent({ seed, teacherDim: null }), (student) => ({
        forward: (images, mode) => {
          const { features, ...outputs } = student.forward(images, mode);
          return { features: mode.map ? tf.mul(features, 2) : features, ...outputs };
        },
      })),
    /gives maps/,
  ],
  [
    "of views of one side",
    (seed) =>
      changed(tinyStudent({ seed, teacherDim: null }), (student) => ({
        forward: (images, mode) => student.forward(ofShape(images, [null, 16, 16]), mode),
      })),
    /batches of one image, and views of other sides/,
  ],
];

for (const [what, make, step] of STUDENTS) {
  Deno.test(`checkStudent() on one ${what}`, () =>
    expectFailure((t) => checkStudent(t, { engine, make, size: 16 }), step));
}

Deno.test("the small student that comes with the suites keeps a student's promises", () =>
  expectFailure((t) => checkStudent(t, { engine, make: (seed) => smallStudent({ seed }) }), null));

// --- Queue.

class StackQueue extends FifoQueue {
  override enqueue(batch: tf.Tensor2D): void {
    tf.tidy(() =>
      this.embeddings.assign(tf.concat([batch, tf.slice(this.embeddings, 0, this.size - batch.shape[0])]))
    );
  }
}

class CountingQueue extends FifoQueue {
  #next = 0;
  override enqueue(batch: tf.Tensor2D): void {
    tf.tidy(() => this.pointer.assign(tf.scalar(this.#next, "int32")));
    super.enqueue(batch);
    this.#next = (this.#next + batch.shape[0]) % this.size;
  }
}

const QUEUES: [string, typeof FifoQueue, RegExp | null][] = [
  ["as it should be", FifoQueue, null],
  ["that is a stack", StackQueue, /overwrites the oldest/],
  ["that keeps its pointer to itself", CountingQueue, /goes on from a state/],
];

for (const [what, Kind, step] of QUEUES) {
  Deno.test(`checkQueue() on one ${what}`, () =>
    expectFailure(
      (t) =>
        checkQueue(t, { engine, make: ({ size, embeddingDim, seed }) => new Kind(size, embeddingDim, seed) }),
      step,
    ));
}

// --- Objective.

const OBJECTIVES: [string, (objective: Objective) => Partial<Objective>, RegExp | null][] = [
  ["as it should be", () => ({}), null],
  ["that hides its momentum encoder", () => ({ parameters: [] }), /goes on the same from a state/],
  [
    "that queues raw rows",
    (objective) => ({
      loss: (inputs) => {
        const { loss, enqueue } = objective.loss(inputs);
        return { loss, enqueue: tf.mul(enqueue!, 2) as tf.Tensor2D };
      },
    }),
    /as many unit rows an image/,
  ],
  [
    "whose gradient does not belong to its loss",
    (objective) => ({
      loss: (inputs) => {
        const { loss, enqueue } = objective.loss(inputs);
        const wrong = tf.customGrad((x) => ({
          value: (x as tf.Tensor).clone(),
          gradFunc: (dy: tf.Tensor) => tf.neg(dy),
        }));
        return { loss: wrong(loss) as tf.Scalar, enqueue };
      },
    }),
    /small step down its gradient/,
  ],
  [
    "that counts on the size of a batch",
    (objective) => ({
      loss: (inputs) => (ofShape(inputs.views[0], [4, 16, 16]), objective.loss(inputs)),
    }),
    /batches of other sizes/,
  ],
];

for (const [what, changes, step] of OBJECTIVES) {
  Deno.test(`checkObjective() on one ${what}`, () =>
    expectFailure((t) =>
      checkObjective(t, {
        engine,
        size: 16,
        makeStudent: (seed) => tinyStudent({ seed, teacherDim: null }),
        makeQueue: ({ size, embeddingDim }) => new FifoQueue(size, embeddingDim, 0),
        needs: objectiveMoco.needs(objectiveMoco.options.parse({})),
        make: async (given) =>
          changed(
            await objectiveMoco.create(objectiveMoco.options.parse({}), { ...context, ...given }),
            changes,
          ),
      }), step));
}

let fits = 0;
const FITTED: [string, (objective: Objective) => Partial<Objective>, RegExp | null][] = [
  ["as it should be", () => ({}), null],
  ["another way each time", ({ parameters }) => ({
    fit: () =>
      Promise.resolve(tf.tidy(() => parameters![0].variable.assign(tf.fill([6, 8], ++fits)))).then(() => {}),
  }), /is fitted to the teacher, the same every time/],
  ["and keeps what it is fitted to", (objective) => ({
    fit: (inputs) => (tf.keep(tf.zeros([1])), objective.fit!(inputs)),
  }), /is fitted to the teacher, the same every time/],
];

for (const [what, changes, step] of FITTED) {
  const given = objectiveCospress.options.parse({ steps: 2 });
  Deno.test(`checkObjective() on one that is fitted ${what}`, () =>
    expectFailure((t) =>
      checkObjective(t, {
        engine,
        size: 16,
        makeQueue: ({ size, embeddingDim }) => new FifoQueue(size, embeddingDim, 0),
        needs: objectiveCospress.needs(given),
        make: async (more) =>
          changed(await objectiveCospress.create(given, { ...context, ...more }), changes),
      }), step));
}

Deno.test("checkObjective() brings a small student of its own", () =>
  expectFailure((t) =>
    checkObjective(t, {
      engine,
      makeQueue: ({ size, embeddingDim }) => new FifoQueue(size, embeddingDim, 0),
      needs: objectiveSeed.needs({} as never),
      make: () => objectiveSeed.create(objectiveSeed.options.parse({}), {} as never),
    }), null));

// --- Augmenter.

const moco = await augmenterMocoV2.create(augmenterMocoV2.options.parse({ size: 32 }), context);
const AUGMENTERS: [string, Augmenter["view"], RegExp | null][] = [
  ["as it should be", (image, random, size) => moco.view(image, random, size), null],
  [
    "that throws dice of its own",
    (image, _random, size) => moco.view(image, new Random(Math.floor(Math.random() * 1e6)), size),
    /same view of the same key/,
  ],
  [
    "whose views are all the same",
    (image, _random, size) => moco.view(image, new Random(1), size),
    /other views/,
  ],
  [
    "whose view depends on the size",
    (image, _r, size) => moco.view(image, new Random(size), size),
    /two sizes/,
  ],
  [
    "that draws on the picture",
    (image, random, size) => {
      if (!(image instanceof Uint8Array)) image.data[0]++;
      return moco.view(image, random, size);
    },
    /leaves the picture/,
  ],
  [
    "that makes views of one size",
    (image, random) => moco.view(image, random, 32),
    /size that is asked for/,
  ],
  [
    "that takes anything for a picture",
    (image, random, size) => moco.view(image, random, size).catch(() => new Uint8Array(size * size * 3)),
    /refuses bytes/,
  ],
];

for (const [what, view, step] of AUGMENTERS) {
  Deno.test(`checkAugmenter() on one ${what}`, () =>
    expectFailure((t) => checkAugmenter(t, { make: () => ({ size: 32, view }) }), step));
}

const DESCRIPTIONS: [string, Augmenter["describe"], RegExp | null][] = [
  ["as it does", (picture, random) => moco.describe!(picture, random), null],
  ["of another key", (picture) => moco.describe!(picture, new Random(5)), /tells how/],
  ["and draws once more", (picture, random) => {
    random.uint32();
    return moco.describe!(picture, random);
  }, /tells how/],
  ["a crop that is too small", (picture, random) => {
    const { crop, ...others } = moco.describe!(picture, random);
    return { ...others, crop: { ...crop!, width: Math.ceil(crop!.width / 2) } };
  }, /tells how/],
];

for (const [what, describe, step] of DESCRIPTIONS) {
  Deno.test(`checkAugmenter() on one that tells its views ${what}`, () =>
    expectFailure((t) => {
      const view: Augmenter["view"] = (image, random, size) => moco.view(image, random, size);
      return checkAugmenter(t, { make: () => ({ size: 32, view, describe }) });
    }, step));
}

// --- Data source, evaluator, logger, engine.

/** Of the source in an order of the day: each listing is of the next one. */
let day = 0;

const SOURCES: [string, (source: DataSource) => Partial<DataSource>, RegExp | null][] = [
  ["as it should be", () => ({}), null],
  ["without images", ({ train }) => ({ train: { ...train, length: 0 } }), /has images/],
  [
    "that gives two images one name",
    ({ train }) => ({ train: { ...train, image: (i) => ({ ...train.image(i), name: "x" }) } }),
    /names each image/,
  ],
  [
    "with a file that is not there",
    ({ train }) => ({ train: { ...train, image: (i) => ({ ...train.image(i), file: "nowhere" }) } }),
    /references to files/,
  ],
  [
    "in an order of the day",
    ({ train }) => {
      const first = day++;
      return { train: { ...train, image: (i) => train.image((i + first) % train.length) } };
    },
    /same order/,
  ],
  [
    "with a label that no class has",
    ({ evaluation }) => ({
      evaluation: { ...evaluation!, queries: { ...evaluation!.queries, label: () => 99 } },
    }),
    /labels and identities of queries/,
  ],
];

for (const [what, changes, step] of SOURCES) {
  Deno.test(`checkDataSource() on one ${what}`, async () => {
    const root = await Deno.makeTempDir({ prefix: "seed-sabotage-" });
    try {
      await makeImageFolder(root, { train: 3, val: 2 });
      await expectFailure((t) =>
        checkDataSource(t, {
          make: async () => {
            const source = await dataImageFolder.create(dataImageFolder.options.parse({ root }), context);
            return { ...source, ...changes(source) };
          },
        }), step);
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  });
}

const knn = () => evaluatorKnn.create({ k: 3, temperature: 0.07, on: "features" }, context) as Evaluator;
const EVALUATORS: [string, Evaluator["evaluate"], RegExp | null][] = [
  ["as it should be", (inputs) => knn().evaluate(inputs), null],
  ["in per cent", async (inputs) => ({ top1: 100 * (await knn().evaluate(inputs)).top1 }), /fractions/],
  ["that rolls dice", () => Promise.resolve({ top1: Math.random() }), /same figures/],
  [
    "that is upside down",
    async (inputs) => ({ top1: 1 - (await knn().evaluate(inputs)).top1 }),
    /good embeddings/,
  ],
  ["that sees nothing", () => Promise.resolve({ top1: 0.5 }), /good embeddings/],
  [
    "that normalises in place",
    ({ subject, teacher }) => {
      subject.queries.features.forEach((value, i, all) => all[i] = value / 2);
      return knn().evaluate({ subject, teacher });
    },
    /leaves the embeddings/,
  ],
  [
    "whose figure hangs on the last bit",
    async ({ subject: { queries, gallery } }) => {
      const [asked, known] = [queries, gallery].map(({ features: data, featureDim: dim }) => ({ data, dim }));
      const found = await nearestNeighbours(asked, known, { k: 1 });
      const sum = found.reduce((sum, { similarities: [one] }) => sum + Math.min(1, (1 + one) / 2), 0);
      return { nearness: sum / found.length };
    },
    null,
  ],
  [
    "that minds the length",
    async (inputs) => {
      const { top1 } = await knn().evaluate(inputs);
      return { top1: top1 / (1 + Math.abs(inputs.subject.queries.features[0])) };
    },
    /length of embeddings/,
  ],
  [
    "that keeps tensors",
    (inputs) => {
      tf.scalar(1);
      return knn().evaluate(inputs);
    },
    /keeps no tensors/,
  ],
];

for (const [what, evaluate, step] of EVALUATORS) {
  Deno.test(`checkEvaluator() on one ${what}`, () =>
    expectFailure((t) => checkEvaluator(t, { make: () => ({ name: "knn", evaluate }) }), step));
}

const NETWORK = { size: 32, copy: () => Promise.resolve(tinyStudent({ seed: 1, teacherDim: null })) };

Deno.test("checkEvaluator() on one that keeps the copy of the network that it has trained", () =>
  expectFailure((t) =>
    checkEvaluator(t, {
      network: NETWORK,
      make: () => ({
        ...{ name: "knn", usesNetwork: true },
        async evaluate(inputs) {
          await inputs.network!.copy();
          return await knn().evaluate(inputs);
        },
      }),
    }), /keeps no tensors, nor copies of the network/));

Deno.test("checkEvaluator() on one that trains a network, without one", () =>
  expectFailure(
    (t) =>
      checkEvaluator(t, {
        make: () => ({ name: "knn", usesNetwork: true, evaluate: (inputs) => knn().evaluate(inputs) }),
      }),
    /is checked with a network/,
  ));

const LOGGERS: [string, (directory: string) => Logger, RegExp | null][] = [
  ["that does nothing", () => ({ [Symbol.dispose]() {} }), null],
  ...(["log", "info", "debug", "table", "dir", "group", "count", "timeEnd"] as const).map(
    (method): [string, () => Logger, RegExp] => [
      `on standard output, by console.${method}`,
      () => ({ step: () => console[method]("a step") }),
      /from its start to its end/,
    ],
  ),
  ["on standard error", () => ({ step: () => console.warn("a step") }), null],
  [
    "that appends whatever comes, in a folder",
    (directory) => ({
      step({ step }) {
        Deno.mkdirSync(`${directory}/of/steps`, { recursive: true });
        Deno.writeTextFileSync(`${directory}/of/steps/log`, `${step}\n`, { append: true });
      },
    }),
    /broke off and was resumed/,
  ],
  [
    "that writes bytes of the resume",
    (directory) => ({
      start: ({ startStep }) => Deno.writeFileSync(`${directory}/log`, Uint8Array.of(128 + startStep)),
    }),
    /broke off and was resumed/,
  ],
  [
    "that appends whatever comes",
    (directory) => ({
      step: ({ step }) => Deno.writeTextFileSync(`${directory}/log`, `${step}\n`, { append: true }),
      [Symbol.dispose]() {},
    }),
    /broke off and was resumed/,
  ],
  [
    "that appends whatever comes, and says that it does not repeat itself",
    (directory) => ({
      repeatable: false,
      step: ({ step }) => Deno.writeTextFileSync(`${directory}/log`, `${step}\n`, { append: true }),
    }),
    null,
  ],
  [
    "that does not repeat itself, and fails after a resume",
    (directory) => {
      const file = `${directory}/begun`;
      return {
        repeatable: false,
        start({ startStep }) {
          if (startStep === 0) Deno.writeTextFileSync(file, "");
          else assert.throws(() => Deno.statSync(file));
        },
      };
    },
    /broke off and was resumed/,
  ],
  [
    "that needs at a resume what it wrote at the start",
    (directory) => ({
      start({ startStep }) {
        if (startStep === 0) Deno.writeTextFileSync(`${directory}/log`, "");
        else Deno.readTextFileSync(`${directory}/log`);
      },
      [Symbol.dispose]() {},
    }),
    /in the middle of a run/,
  ],
  [
    "whose flush fails",
    () => ({ [Symbol.asyncDispose]: () => Promise.reject(new Error("no connection")) }),
    /from its start to its end/,
  ],
  [
    "that cannot be let go of early",
    () => {
      let started = false;
      return {
        start: () => void (started = true),
        [Symbol.dispose]() {
          assert.ok(started);
        },
      };
    },
    /did not start/,
  ],
];

for (const [what, make, step] of LOGGERS) {
  Deno.test(`checkLogger() on one ${what}`, () => expectFailure((t) => checkLogger(t, { make }), step));
}

Deno.test("checkEngine() on one as it should be", () =>
  expectFailure((t) => checkEngine(t, { engine }), null));

Deno.test("checkEngine() on one that freezes variables", async () => {
  const frozen = changed(engine, () => ({
    trace: (fn) => {
      let first: tf.Tensor[] | null = null;
      return {
        // deno-lint-ignore require-await
        call: async (...inputs) =>
          (first ??= tf.tidy(() => fn(...inputs).map((x) => tf.keep(x)))).map((x) => x.clone()),
        [Symbol.dispose]: () => tf.dispose(first ?? []),
      };
    },
  }));
  await expectFailure((t) => checkEngine(t, { engine: frozen }), /reads variables anew/);
});

Deno.test("checkEngine() on one that uploads to 0..1", async () => {
  const scaled = changed(engine, (real) => ({
    upload: (pixels, shape) => tf.tidy(() => tf.div(real.upload(pixels, shape), 255)),
  }));
  await expectFailure((t) => checkEngine(t, { engine: scaled }), /uploads pixels/);
});

/** Some of a suite's steps: all of an engine's take seconds. */
const only = (t: Steps, pattern: RegExp): Steps => ({
  async step(...[step, check]: [string, () => void | Promise<void>] | [object, undefined?]) {
    if (typeof step === "string" && check && pattern.test(step)) await t.step(step, check);
  },
});

const refuse = (precision: Precision | undefined, Kind = RunError) => {
  if (precision === "bf16") throw new Kind("There is no bf16 here");
};
const REFUSING: Partial<Engine> = { arithmetic: (precision) => (refuse(precision), "fp32") };
/** Multiplies in eight bits what it says that it does in fp32. */
const rounding = (fn: (...inputs: tf.Tensor[]) => tf.Tensor[]) => (...inputs: tf.Tensor[]) =>
  fn(...inputs.map((x) => tf.div(tf.round(tf.mul(x, 128)), 128)));

const PRECISIONS: [string, (engine: Engine) => Partial<Engine>, RegExp | null][] = [
  ["without bf16", (real) => ({
    ...REFUSING,
    trace: (fn, options) => (refuse(options.precision), real.trace(fn, options)),
  }), null],
  ["that says it has no bf16, and traces it", () => REFUSING, /at each precision/],
  ["that says it has bf16, and does not trace it", (real) => ({
    trace: (fn, options) => (refuse(options.precision), real.trace(fn, options)),
  }), /at each precision/],
  ["whose want of bf16 is a defect", (real) => ({
    arithmetic: (precision) => (refuse(precision, Error), "fp32"),
    trace: (fn, options) => (refuse(options.precision, Error), real.trace(fn, options)),
  }), /at each precision/],
  ["of another arithmetic", () => ({ arithmetic: () => "int8" as "fp16" }), /at each precision/],
  ["whose fp32 is none", () => ({ arithmetic: () => "bf16" }), /at each precision/],
  ["that trains in bf16 throughout", (real) => ({
    arithmetic: (precision) => precision === "bf16" ? "bf16" : "fp32",
    trace: (fn, options) => real.trace(options.precision === "bf16" ? rounding(fn) : fn, options),
  }), /matrices of what trains/],
];

for (const [what, changes, step] of PRECISIONS) {
  Deno.test(`checkEngine() on one ${what}`, () =>
    expectFailure((t) => checkEngine(only(t, /precision/), { engine: changed(engine, changes) }), step));
}

/** Runs `test` while a kernel of the backend is another one. */
async function withKernel(
  kernelName: string,
  kernelFunc: tf.KernelConfig["kernelFunc"],
  test: () => Promise<void>,
): Promise<void> {
  const real = tf.getKernel(kernelName, "cpu");
  if (real) tf.unregisterKernel(kernelName, "cpu");
  tf.registerKernel({ kernelName, backendName: "cpu", kernelFunc });
  try {
    await test();
  } finally {
    tf.unregisterKernel(kernelName, "cpu");
    if (real) tf.registerKernel(real);
  }
}

const kernelsFail = (step: RegExp | null) => expectFailure((t) => checkKernels(t, engine), step);

Deno.test("checkKernels() on an engine without any", () => kernelsFail(null));

Deno.test("checkKernels() on one with a kernel that computes something else", () => {
  const kernel: tf.KernelConfig["kernelFunc"] = ({ inputs: { x, bias } }) =>
    tf.sub(x as tf.Tensor, bias as tf.Tensor);
  return withKernel(BIAS_ADD_KERNEL, kernel, () => kernelsFail(/computes by SeedBiasAdd/));
});

for (const name of [BATCH_NORM_GRADIENT_KERNEL, NORMALIZE_KERNEL]) {
  Deno.test(`checkKernels() on one that has ${name} and should not`, () =>
    withKernel(name, () => [], () => kernelsFail(/belong together/)));
}

Deno.test("checkKernels() on one that does not pad explicitly, though it says so", async () => {
  const backend = tf.backend() as { explicitPadding?: boolean }, name = "DepthwiseConv2dNativeBackpropInput";
  const { kernelFunc } = tf.getKernel(name, "cpu")!;
  backend.explicitPadding = true;
  try {
    await kernelsFail(null);
    const forgets: tf.KernelConfig["kernelFunc"] = (given) =>
      kernelFunc({ ...given, attrs: { ...given.attrs, pad: "same" } });
    await withKernel(name, forgets, () => kernelsFail(/explicit padding/));
  } finally {
    delete backend.explicitPadding;
  }
});

Deno.test("checkKernels() on one that does not convolve in groups, though it says so", async () => {
  const backend = tf.backend() as { groupedConvolution?: boolean };
  backend.groupedConvolution = true;
  try {
    await kernelsFail(/convolves in groups/);
  } finally {
    delete backend.groupedConvolution;
  }
});
