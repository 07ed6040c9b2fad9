/**
 * Each of SEED's plugins keeps the promises of its interface, on the tensorflow engine or what `SEED_ENGINE` names. The
 * last test looks into the workspace for plugins that are not among them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { type Engine, isHeadName, type Plugin, tf, untraced, writeSafetensors } from "@seed/core";
import { cacheDirectory, readParameters } from "@seed/core/host";
import {
  checkAugmenter,
  checkDataSource,
  checkEngine,
  checkEvaluator,
  checkLogger,
  checkObjective,
  checkQueue,
  checkStudent,
  checkTeacher,
} from "@seed/core/conformance";
import augmenterEvaluation from "@seed/augmenter-evaluation";
import augmenterMocoV1 from "@seed/augmenter-moco-v1";
import augmenterMocoV2 from "@seed/augmenter-moco-v2";
import augmenterSwav from "@seed/augmenter-swav";
import dataCifar from "@seed/data-cifar";
import dataEmoji from "@seed/data-emoji";
import dataFashionMnist from "@seed/data-fashion-mnist";
import dataImageFolder from "@seed/data-image-folder";
import dataList from "@seed/data-list";
import dataTsv from "@seed/data-tsv";
import dataWebdataset from "@seed/data-webdataset";
import engineEager from "@seed/engine-eager";
import engineTensorflow from "@seed/engine-tensorflow";
import engineXla from "@seed/engine-xla";
import evaluatorAgreement from "@seed/evaluator-agreement";
import evaluatorKnn from "@seed/evaluator-knn";
import evaluatorLinear from "@seed/evaluator-linear";
import evaluatorRetrieval from "@seed/evaluator-retrieval";
import evaluatorSemi from "@seed/evaluator-semi";
import loggerCsv from "@seed/logger-csv";
import loggerHttp from "@seed/logger-http";
import loggerMlflow from "@seed/logger-mlflow";
import loggerTensorboard from "@seed/logger-tensorboard";
import loggerTerminal from "@seed/logger-terminal";
import objectiveBingo from "@seed/objective-bingo";
import objectiveCompress from "@seed/objective-compress";
import objectiveCospress from "@seed/objective-cospress";
import objectiveDisco from "@seed/objective-disco";
import objectiveMoco from "@seed/objective-moco";
import objectiveSeed from "@seed/objective-seed";
import objectiveSimreg from "@seed/objective-simreg";
import objectiveToken from "@seed/objective-token";
import queueFifo from "@seed/queue-fifo";
import studentEfficientnet from "@seed/student-efficientnet";
import studentMobilenetV3 from "@seed/student-mobilenet-v3";
import studentResnet from "@seed/student-resnet";
import studentVisionTransformer from "@seed/student-vision-transformer";
import studentRegnet from "@seed/student-regnet";
import studentMobilenetV4 from "@seed/student-mobilenet-v4";
import studentConvnext from "@seed/student-convnext";
import teacherDino from "@seed/teacher-dino";
import teacherEfficientnetLite from "@seed/teacher-efficientnet-lite";
import teacherMoco from "@seed/teacher-moco";
import teacherNetwork from "@seed/teacher-network";
import teacherOnnx from "@seed/teacher-onnx";
import teacherSimclr from "@seed/teacher-simclr";
import teacherSwav from "@seed/teacher-swav";
import { IMAGENET, networkNamed, type ParameterSource, projectionHead, TrainableParameters } from "@seed/nn";
import teacherExample from "../examples/my_teacher.ts";
import { shippedPlugins } from "../cli/listings/plugins.ts";
import { testContext, testEngine } from "./support/engine.ts";
import { FakeMlflow } from "./support/fake_mlflow.ts";
import { makeImageFolder } from "./support/image_folder.ts";
import { onnxContext } from "./support/onnx_runtime.ts";
import { cpuPlugin, testWithXla } from "./support/xla_plugin.ts";
import { tinyStudent } from "./support/tiny_student.ts";
import golden from "./golden/onnx_teacher.json" with { type: "json" };

const engine = await testEngine();
const context = { ...testContext, engine };

/** Options as a recipe would give them, with the plugin's defaults. */
const options = (plugin: Pick<Plugin<any>, "options">, given = {}) => plugin.options.parse(given) as any;

/** Names of the plugins that a suite is run on. */
const checked = new Set<string>();

/** Runs a plugin's suite as a test. `variant` tells several of one plugin apart. */
function suite(
  { name }: { name: string },
  check: (t: Deno.TestContext) => void | Promise<void>,
  variant = "",
): void {
  checked.add(name);
  Deno.test(`${name.replace(/^@seed\/(\w+)-/, "$1 ")}${variant}`, check);
}

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-conformance-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Checks an engine beside the one that the other suites run on. */
async function checkAnother(t: Deno.TestContext, open: () => Promise<Engine> | Engine): Promise<void> {
  const backend = tf.getBackend();
  try {
    await using engine = await open();
    await checkEngine(t, { engine });
  } finally {
    await tf.setBackend(backend); // the other's, for the suites after this one
  }
}

const OPENS = { ...testContext, device: "auto", trace: true } as const,
  BY_TENSORFLOW = engine.name === "tensorflow";

suite(BY_TENSORFLOW ? engineTensorflow : engineXla, (t) => checkEngine(t, { engine }));
suite(engineEager, (t) => checkAnother(t, () => engineEager.create({}, OPENS)));

checked.add(engineXla.name);
const PLUGINS = [["newer", 1], ["newer", 4], ["older", 2]] as const;
for (const [which, devices] of BY_TENSORFLOW ? PLUGINS : []) {
  testWithXla(
    `engine xla, devices: ${devices}, by the ${which} CPU plugin`,
    (t) =>
      inFolder(async (cacheDir) => {
        const given = options(engineXla, { plugin_file: await cpuPlugin(which), devices });
        await checkAnother(t, () => engineXla.create(given, { ...OPENS, cacheDir }));
      }),
  );
}

/** Adds the values of a projection head. */
type MakeHead = (source: ParameterSource, inputs: number) => void;

const mlp = (name: string): MakeHead => (source, inputs) => {
  projectionHead(source, name, { inputs, hidden: [64], dim: 32 });
};
const mlpWithBatchNorm = (name: string): MakeHead => (source, inputs) => {
  projectionHead(source, name, { inputs, hidden: [64], norm: "batch", dim: 32 });
};

const PRETRAINED: [Plugin<"teacher">, network: string, prefix: string, head?: MakeHead][] = [
  [teacherMoco, "resnet18", "module.encoder_q.", mlp("fc")],
  [teacherSwav, "resnet50", "module.", mlpWithBatchNorm("projection_head")],
  [teacherSimclr, "resnet18", "module.module.module.", mlpWithBatchNorm("fc")],
  [teacherDino, "vit_small_16", ""],
  [teacherNetwork, "resnet18", "", mlpWithBatchNorm("head")],
];

for (const [plugin, network, prefix, head] of PRETRAINED) {
  suite(plugin, (t) =>
    inFolder(async (folder) => {
      const weights = join(folder, "weights.safetensors");
      using parameters = new TrainableParameters(0);
      const { featureDim } = networkNamed(network).build(parameters, IMAGENET);
      head?.(parameters, featureDim);
      const arrays = await readParameters(parameters.parameters);
      await writeSafetensors(weights, arrays.map((array) => ({ ...array, name: prefix + array.name })), {});
      const given = options(plugin, { network, weights, precision: "fp32" });
      await checkTeacher(t, { make: () => plugin.create(given, context) });
    }));
}

suite(teacherEfficientnetLite, (t) => {
  const cacheDir = join(cacheDirectory(), "seed_teacher-efficientnet-lite");
  const given = options(teacherEfficientnetLite, { input_size: 64, precision: "fp32" });
  return checkTeacher(t, { make: () => teacherEfficientnetLite.create(given, { ...context, cacheDir }) });
});

suite(teacherOnnx, async (t) => {
  const weights = fileURLToPath(import.meta.resolve("./golden/onnx_teacher.onnx"));
  const given = options(teacherOnnx, { weights, mean: golden.mean, std: golden.std, output: "rows" });
  await teacherOnnx.checkFiles!(given, onnxContext);
  await checkTeacher(t, { make: () => teacherOnnx.create(given, { ...onnxContext, engine }) });
});

Deno.test("teacher of the example", (t) =>
  checkTeacher(t, { make: () => teacherExample.create(options(teacherExample), context) }));

/** For most students: tracing takes longer than what is checked, and each network is traced by its own test. */
const byOperation = untraced(engine);

suite(studentEfficientnet, (t) =>
  checkStudent(t, {
    engine: byOperation,
    make: (seed) =>
      studentEfficientnet.create(options(studentEfficientnet, { variant: "b0", head: { hidden: 16 } }), {
        ...context,
        seed,
        embeddingDim: 8,
      }),
  }));

suite(studentMobilenetV3, (t) =>
  checkStudent(t, {
    engine,
    make: (seed) =>
      studentMobilenetV3.create(options(studentMobilenetV3, { variant: "small", head: { hidden: 16 } }), {
        ...context,
        seed,
        embeddingDim: 8,
      }),
  }));

suite(studentResnet, (t) =>
  checkStudent(t, {
    engine,
    make: (seed) =>
      studentResnet.create(options(studentResnet, { depth: 18 }), { ...context, seed, embeddingDim: 8 }),
  }));

suite(studentVisionTransformer, (t) =>
  checkStudent(t, {
    engine: byOperation,
    make: (seed) =>
      studentVisionTransformer.create(
        options(studentVisionTransformer, { variant: "tiny_16", head: { hidden: 16 } }),
        { ...context, seed, embeddingDim: 8 },
      ),
  }));

suite(studentMobilenetV4, (t) =>
  checkStudent(t, {
    engine: byOperation,
    make: (seed) =>
      studentMobilenetV4.create(options(studentMobilenetV4, { variant: "small", head: { hidden: 16 } }), {
        ...context,
        seed,
        embeddingDim: 8,
      }),
  }));

suite(studentConvnext, (t) =>
  checkStudent(t, {
    engine: byOperation,
    make: (seed) =>
      studentConvnext.create(options(studentConvnext, { variant: "atto", head: { hidden: 16 } }), {
        ...context,
        seed,
        embeddingDim: 8,
      }),
  }));

suite(studentRegnet, (t) =>
  checkStudent(t, {
    engine: byOperation,
    make: (seed) =>
      studentRegnet.create(options(studentRegnet, { variant: "y_400mf", head: { hidden: 16 } }), {
        ...context,
        seed,
        embeddingDim: 8,
      }),
  }));

suite(queueFifo, (t) =>
  checkQueue(t, {
    engine,
    make: ({ size, ...rest }) => queueFifo.create(options(queueFifo, { size }), { ...context, ...rest }),
  }));

const OBJECTIVES = [
  objectiveBingo,
  objectiveCompress,
  objectiveCospress,
  objectiveDisco,
  objectiveMoco,
  objectiveSeed,
  objectiveSimreg,
  objectiveToken,
] as const;

/** Options of some: a map is fitted in less time. */
const GIVEN: Record<string, Record<string, unknown>> = { [objectiveCospress.name]: { steps: 20 } };

for (const plugin of OBJECTIVES as readonly Plugin<"objective">[]) {
  const given = options(plugin, GIVEN[plugin.name]), needs = plugin.needs!(given);
  for (const [variant, dropout] of [["", 0], [" with a student that drops", 0.3]] as const) {
    suite(plugin, (t) =>
      checkObjective(t, {
        engine,
        makeStudent: (seed) =>
          tinyStudent({
            ...{ seed, teacherDim: null, dropout },
            isFrozen: needs.embeddings === false ? isHeadName : undefined,
          }),
        makeQueue: ({ size, ...rest }) =>
          queueFifo.create(options(queueFifo, { size }), { ...context, ...rest }),
        needs,
        make: (more) => plugin.create(given, { ...context, ...more }),
      }), variant);
  }
}

const AUGMENTERS = [augmenterMocoV1, augmenterMocoV2, augmenterSwav, augmenterEvaluation] as const;

for (const plugin of AUGMENTERS as readonly Plugin<"augmenter">[]) {
  suite(plugin, (t) =>
    checkAugmenter(t, {
      make: () => plugin.create(options(plugin, { size: 32 }), context),
      random: plugin.name !== augmenterEvaluation.name,
    }));
}

suite(dataImageFolder, (t) =>
  inFolder(async (root) => {
    await makeImageFolder(root, { train: 4, val: 2 });
    await checkDataSource(t, {
      make: () => dataImageFolder.create(dataImageFolder.options.parse({ root }), context),
    });
  }));

/** Sources that files are made for. */
const SOURCES: [Plugin<"data">, options: Record<string, unknown>][] = [
  [dataCifar, { root: "nowhere" }],
  [dataCifar, { root: "nowhere", variant: "cifar100" }],
  [dataFashionMnist, { root: "nowhere" }],
  [dataList, { root: "train.txt", queries: "val.txt" }],
  [dataTsv, { root: "nowhere" }],
  [dataWebdataset, { root: "train.tar", queries: "queries.tar" }],
];

for (const [plugin, given] of SOURCES) {
  suite(plugin, (t) =>
    inFolder(async (folder) => {
      const made = await plugin.standIn!(options(plugin, given), { folder, images: 5 });
      const cacheDir = join(folder, "cache");
      await checkDataSource(t, { make: () => plugin.create(made, { ...context, cacheDir }) });
    }), ` ${JSON.stringify(given)}`);
}

suite(dataEmoji, (t) => {
  const cacheDir = join(cacheDirectory(), "seed_data-emoji");
  return checkDataSource(t, { make: () => dataEmoji.create(options(dataEmoji), { ...context, cacheDir }) });
});

for (
  const [plugin, given] of [
    [evaluatorKnn, { k: 3 }],
    [evaluatorLinear, { l2: [0.1, 0.01] }],
    [evaluatorRetrieval, {}],
    [evaluatorAgreement, { k: 3 }],
  ] as const
) {
  suite(plugin, (t) => checkEvaluator(t, { make: () => plugin.create(options(plugin, given), context) }));
}

suite(evaluatorSemi, (t) => {
  const given = options(evaluatorSemi, {
    ...{ splits: [{ labels: 1, lr: 0.1, head_lr: 1 }], epochs: 12, batch_size: 12, drops: [8] },
  });
  return checkEvaluator(t, {
    make: () => evaluatorSemi.create(given, context),
    needs: evaluatorSemi.needs!(given),
    network: { size: 32, copy: () => Promise.resolve(tinyStudent({ seed: 1, teacherDim: null })) },
  });
});

suite(loggerHttp, async (t) => {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    await request.text();
    return new Response("");
  });
  const given = options(loggerHttp, { url: `http://127.0.0.1:${server.addr.port}` });
  await checkLogger(t, { make: (runDirectory) => loggerHttp.create(given, { ...context, runDirectory }) });
});

suite(loggerMlflow, async (t) => {
  await using server = new FakeMlflow();
  const given = options(loggerMlflow, { uri: server.uri });
  await checkLogger(t, { make: (runDirectory) => loggerMlflow.create(given, { ...context, runDirectory }) });
});

for (const plugin of [loggerTerminal, loggerCsv, loggerTensorboard]) {
  suite(plugin, (t) =>
    checkLogger(t, {
      make: (runDirectory) => plugin.create(options(plugin), { ...context, runDirectory }),
    }));
}

const EVERY = "every plugin that comes with SEED runs its suite";
Deno.test({
  name: BY_TENSORFLOW ? EVERY : `${EVERY} (ignored: the tensorflow engine does not beside ${engine.name})`,
  ignore: !BY_TENSORFLOW,
  async fn() {
    // An engine that stands for others is created never: those have the suite.
    const created = (await shippedPlugins()).filter(({ choose }) => !choose);
    const without = created.map(({ name }) => name).filter((name) => !checked.has(name));
    assert.deepEqual(without, [], "add a suite of these to this file");
  },
});
