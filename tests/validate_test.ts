/**
 * What `validate` accepts can run: of recipes that come with SEED and changes of them, each is refused before anything
 * is installed, or a dry run with stand-ins takes its steps. What files, weights or the machine alone tell is an error
 * of the run, and is listed as one.
 *
 * Most changes are not about networks: there a tiny student learns from a teacher of colours. With
 * `SEED_ALL_RECIPES=1` those are made to every recipe, and changes that take long have their turn too.
 *
 * @module
 */
import assert from "node:assert/strict";
import { RunError, UsageError } from "@seed/core";
import { type DryRun, dryRun, type Host, loadPlugin, loadRecipe, type Recipe } from "@seed/core/host";
import { DEFAULTS } from "../cli/defaults.ts";
import { ROOT } from "./support/cli.ts";
import { testContext, trainsInBf16 } from "./support/engine.ts";
import { recipePaths } from "./support/recipes.ts";

const ENGINE = import.meta.resolve("./support/shared_engine.ts");
const STUDENT = `${import.meta.resolve("./support/plugins.ts")}#studentWithHead`;
const STUDENT_WITHOUT_MAPS = `${import.meta.resolve("./support/plugins.ts")}#student`;
const TEACHER = import.meta.resolve("../examples/my_teacher.ts");

const SEED = "recipes/effb0.yaml", PATCHES = "recipes/imagenet/swav_r50w2/resnet18.yaml";
const MOCO = "recipes/imagenet/moco_v2/resnet18.yaml", CIFAR = "recipes/cifar10/resnet18.yaml";
const [BINGO, COMPRESS, DISCO, SIMREG] = ["bingo", "compress", "disco", "simreg"].map((name) =>
  `recipes/imagenet/successors/${name}.yaml`
);
const EACH = [SEED, PATCHES, MOCO, BINGO, COMPRESS, DISCO, SIMREG];

/** A change of recipes, and what comes of it. */
interface Change {
  /** `key.path=value` each. */
  set: string[];
  /** Recipes that are changed; default: SEED's. */
  on?: string[];
  /** What `validate` says where it refuses, of one recipe at least. Absent: all of them run. */
  refused?: RegExp;
  /** What the run says, where nothing sooner could. */
  atRun?: RegExp;
  /** Whether it is about networks: small ones of those that recipes name, in place of tiny ones. */
  networks?: boolean;
  /** Whether its steps are traced. The others are taken operation by operation, which is sooner done. */
  traced?: boolean;
  /** Whether it takes long, and has its turn with `SEED_ALL_RECIPES=1` alone. */
  slow?: boolean;
}

const patches = (augmenter: string, more = "") =>
  `small_patches={ augmenter: { plugin: "@seed/augmenter-${augmenter}", size: 16${more} }, count: 2 }`;
const PATCHED = /small patches are one each; take small_patches out/;
const seed = '{ plugin: "@seed/objective-seed" }', moco = '{ plugin: "@seed/objective-moco" }';
const token = '{ plugin: "@seed/objective-token" }';
const queue = (size: number) => `{ plugin: "@seed/queue-fifo", size: ${size} }`;
const dino = (keys = "") =>
  `teacher={ plugin: "@seed/teacher-dino", network: vit_small_16, weights: vit.pth${keys} }`;
const network = (name: string, keys = "") =>
  `teacher={ plugin: "@seed/teacher-network", network: ${name}, weights: x.pth${keys} }`;

const VIT = { network: "vit_small_16" };

const CHANGES: Record<string, Change> = {
  "none": { set: [], on: EACH, traced: true },
  "none, with networks": { set: [], on: [SIMREG, CIFAR], networks: true, traced: true },

  // What objectives need.
  "no queue": { set: ["queue=null"], on: EACH, refused: /needs a queue; add the section "queue"$/ },
  "no teacher": {
    set: ["teacher=null"],
    on: EACH,
    refused: /learns from a teacher; add the section "teacher"$/,
  },
  "patches by moco-v1": { set: [patches("moco-v1")], on: EACH, refused: PATCHED },
  "patches by moco-v2": { set: [patches("moco-v2")], on: [SEED, COMPRESS, MOCO], refused: PATCHED },
  "patches by swav": { set: [patches("swav")], on: [SEED, SIMREG, BINGO], refused: PATCHED },
  "patches by evaluation": { set: [patches("evaluation")], on: [SEED, DISCO], refused: PATCHED },
  "two streams of patches": {
    set: [
      "small_patches=[{ augmenter: { plugin: '@seed/augmenter-swav', size: 16 }, count: 2 }, " +
      `{ augmenter: { plugin: '@seed/augmenter-moco-v1', size: 24 }, count: 1, queue: ${queue(8)} }]`,
    ],
  },
  "patches larger than the views": { set: [patches("swav"), "small_patches.augmenter.size=48"] },
  "a queue of patches that the batch does not divide": {
    set: [patches("swav"), `small_patches.queue=${queue(12)}`],
    refused: /^--set small_patches\.queue=.*: The queue's size 12 is not a multiple of train\.batch_size 8/,
  },
  "an objective beside the recipe's": {
    set: [`objective=[${seed}, ${moco}]`],
    on: [SEED, PATCHES],
    refused: PATCHED,
  },
  "two of one objective, one with a queue of its own": {
    set: [`objective=[${seed}, { plugin: "@seed/objective-seed", weight: 0.5, queue: ${queue(24)} }]`],
  },
  "an objective's own queue that the batch does not divide": {
    set: [`objective=[{ plugin: "@seed/objective-seed", queue: ${queue(20)} }]`],
    refused: /The queue's size 20 is not a multiple of train\.batch_size 8; use 16 or 24$/,
  },
  "an objective's own queue for want of the recipe's": {
    set: ["queue=null", `objective=[{ plugin: "@seed/objective-seed", queue: ${queue(16)} }]`],
  },
  "a queue of one batch": { set: ["queue.size=8"], on: [SEED, MOCO, BINGO, COMPRESS, PATCHES] },
  "a queue of less than a batch": {
    set: ["queue.size=4"],
    refused: /The queue's size 4 is not a multiple of train\.batch_size 8; use 8$/,
  },
  "BINGO with SEED": {
    set: [`objective=[{ plugin: "@seed/objective-bingo", bag: 3 }, { plugin: "@seed/objective-simreg" }]`],
  },
  "bags of two sizes": {
    set: [
      'objective=[{ plugin: "@seed/objective-bingo", bag: 3 }, { plugin: "@seed/objective-bingo", bag: 2 }]',
    ],
    refused: /draws neighbours from bags of 2 images, and "@seed\/objective-bingo" of 3; make them the same$/,
  },
  "a bag larger than a batch": { set: ["objective.bag=12"], on: [BINGO] },
  "tokens, with networks": { set: [`objective=[${seed}, ${token}]`, "train.accumulate=2"], networks: true },
  "tokens of a teacher without maps": {
    set: [`objective=[${seed}, ${token}]`],
    refused: /The objective "@seed\/objective-token" looks at maps, and the teacher ".*" has none/,
  },
  "tokens of an ONNX file": {
    set: [
      `objective=[${seed}, ${token}]`,
      'teacher={ plugin: "@seed/teacher-onnx", weights: x.onnx, mean: [0, 0, 0], std: [1, 1, 1] }',
    ],
    networks: true,
    refused:
      /looks at maps, and the teacher "@seed\/teacher-onnx" has none to give; take another teacher, such as/,
  },
  "tokens of a student without maps": {
    set: [`objective=[${seed}, ${token}]`, `student={ plugin: "${STUDENT_WITHOUT_MAPS}" }`],
    networks: true,
    refused: /looks at maps, and the student ".*#student" has none to give; take another student$/,
  },
  "tokens of a cached teacher": {
    set: [`objective=[${seed}, ${token}]`, "teacher.cache={ views: 2 }"],
    networks: true,
    refused:
      /looks at maps of the teacher's, and a cache keeps its embeddings alone; take teacher\.cache out$/,
  },
  "tokens alone": {
    set: [`objective=${token}`, "queue=null"],
    networks: true,
    refused:
      /No objective looks at the student's embedding, .*; freeze it \(train\.freeze: \[head\]\), or add an/,
  },
  "tokens alone, with a frozen head": {
    set: [`objective=${token}`, "queue=null", "train.freeze=[head]"],
    networks: true,
  },
  "CosPress": {
    set: ['objective={ plugin: "@seed/objective-cospress", steps: 3 }', "queue=null", "train.freeze=[head]"],
  },
  "CosPress of a cached teacher": {
    set: [
      ...['objective={ plugin: "@seed/objective-cospress", steps: 3 }', "queue=null", "train.freeze=[head]"],
      "teacher.cache={ views: 2 }",
    ],
  },
  "CosPress, two at once": {
    set: [
      ...["queue=null", "train.freeze=[head]"],
      'objective=[{ plugin: "@seed/objective-cospress", steps: 3 }, { plugin: "@seed/objective-cospress", steps: 2, images: 4 }]',
    ],
  },
  "the teacher's head": { set: ["student.head={ reuse_teacher: true }"], networks: true },
  "the teacher's head, of SwAV, with patches": {
    set: ["student.head={ reuse_teacher: true }"],
    on: [PATCHES],
    networks: true,
    slow: true,
  },
  "the head of a teacher that has none": {
    set: ["student.head={ reuse_teacher: true }"],
    refused: /The student is to take over the teacher's projection head, and there is none: name a teacher/,
  },
  "the head of a teacher whose features are taken": {
    set: ["student.head={ reuse_teacher: true }", "teacher.layer=features"],
    networks: true,
    refused: /The student is to take over the teacher's projection head, and there is none: name a teacher/,
  },
  "the teacher's head with layers of its own": {
    set: ["student.head.reuse_teacher=true"],
    networks: true,
    refused: /Nothing reads "head\.(hidden|dim)": the head is one layer and the teacher's own/,
  },
  "splits of batch norm where they were": {
    set: ["objective.bn_splits=2"],
    on: [MOCO],
    refused: /The option "bn_splits" of @seed\/objective-moco moved to train\.bn_splits; set it there$/,
  },

  // How it is trained.
  "a batch in parts": { set: ["train.accumulate=2"], on: [SEED, MOCO] },
  "a batch image by image": { set: ["train.accumulate=8", "train.bn_splits=1"], on: [SEED, PATCHES, MOCO] },
  "mixed views": { set: ["train.mixup=true"], on: EACH },
  "mixed views in parts": { set: ["train.mixup=true", "train.accumulate=4"], on: [SEED, PATCHES] },
  "mixed views, image by image": {
    set: ["train.mixup=true", "train.accumulate=8"],
    refused: /Mixup needs two images in a pass at least \(train\.batch_size by train\.accumulate\), got 1$/,
  },
  "mixed views of a cached teacher": {
    set: ["train.mixup=true", "teacher.cache={ views: 2 }"],
    refused: /With mixup no view is seen twice, .*; take teacher\.cache or train\.mixup out$/,
  },
  "parts that do not divide the batch": {
    set: ["train.accumulate=3"],
    refused: /Expected a divisor of train\.batch_size 8, got 3$/,
  },
  "split batch norm": { set: ["train.bn_splits=4"], on: [SEED, MOCO] },
  "split batch norm of parts": { set: ["train.bn_splits=2", "train.accumulate=2"], on: EACH },
  "splits that do not divide a part": {
    set: ["train.bn_splits=4", "train.accumulate=4"],
    refused: /Expected a divisor of the 2 images of a pass .*, got 4$/,
  },
  "a batch of one image": {
    set: ["train.batch_size=1", "queue.size=4", "train.bn_splits=1"],
    on: [SEED, MOCO],
  },
  "an average of the weights": { set: ["train.ema=0.99"], on: [SEED, DISCO] },
  "adamw": { set: ["train.optimizer=adamw", "train.momentum=null"], on: [SEED, MOCO] },
  "lars": { set: ["train.optimizer=lars", "train.clip_grad_norm=1"] },
  "an option of another optimizer": {
    set: ["train.optimizer=adamw"],
    refused: /Unknown option "momentum" of train with the optimizer adamw\./,
  },
  "steps": { set: ["train.schedule=steps", "train.drops=[1, 2.5]", "train.schedule_by=step"] },
  "a drop in the midst of an epoch, by epoch": {
    set: ["train.schedule=steps", "train.drops=[1, 2.5]", "train.schedule_by=epoch"],
    refused: /Expected a whole number with train\.schedule_by epoch, got 2\.5; round it/,
  },
  "steps without drops": {
    set: ["train.schedule=steps"],
    refused: /The option "drops" of train with the schedule steps is missing/,
  },
  "a drop that never comes": {
    set: ["train.schedule=steps", "train.drops=[1, 200]"],
    refused: /Expected less than train\.epochs 200, got 200$/,
  },
  "a warm-up longer than the run": { set: ["train.epochs=1", "train.warmup_epochs=5"] },
  "the same by step": { set: ["train.epochs=1", "train.warmup_epochs=5", "train.schedule_by=step"] },
  "dropout, in parts and splits": {
    set: ["student.dropout=0.2", "train.accumulate=2", "train.bn_splits=2"],
    on: [SEED, PATCHES, MOCO],
  },
  "a rate that explodes": { set: ["train.lr=1e38"], atRun: /is not finite/ },
  "bf16": {
    set: ["train.precision=bf16"],
    traced: true,
    ...await trainsInBf16()
      ? {}
      : { atRun: /^Precision "bf16" in training needs oneDNN .*set train\.precision/ },
  },

  // Teachers.
  "a cache in memory": { set: ["teacher.cache.views=2"], on: [SEED, PATCHES, BINGO, DISCO] },
  "a cache in a folder": { set: ["teacher.cache.views=1", "teacher.cache.dir=nowhere"] },
  "a cache without its views": {
    set: ["teacher.cache.dir=nowhere"],
    refused: /The option "views" of the section "teacher" is missing/,
  },
  "a teacher that no objective looks at": { set: [`teacher={ plugin: "${TEACHER}" }`], on: [MOCO] },
  "a head that is not the teacher's": {
    set: ["student.head.dim=64"],
    on: EACH,
    refused:
      /The student's head\.dim is 64, but the teacher's embedding has 48 dimensions; leave head\.dim out/,
  },
  "a head that is not the teacher's features": {
    set: ["student.head.dim=128"],
    on: [COMPRESS, SIMREG],
    networks: true,
    refused: /head\.dim is 128, but the teacher's embedding has 512 dimensions/,
  },
  "a head that is the teacher's features": {
    set: ["student.head.dim=512"],
    on: [COMPRESS],
    slow: true,
    networks: true,
  },
  "a head that is not the file's": {
    set: ["student.head.dim=64", "teacher.layer=head"],
    on: [COMPRESS],
    networks: true,
    atRun: /head\.dim is 64, but the teacher's embedding has 128 dimensions/,
  },
  "cells that a view does not have": {
    set: ["teacher.cells=16", "augmenter.size=8"],
    refused: /A view of 8 px has no 16 cells a side; set cells lower$/,
  },
  "a teacher's own input size": { set: ["teacher.input_size=48"], on: [COMPRESS], networks: true },
  "a vision transformer": { set: [dino()], on: [COMPRESS], networks: true },
  "views that a vision transformer's patches do not divide": {
    set: [dino(), "augmenter.size=40"],
    on: [COMPRESS],
    networks: true,
    refused:
      /The teacher vit_small_16: A side of 40 pixels does not divide into patches of 16; .* 48; set the aug/,
  },
  "the same of views of its own size": {
    set: [dino(", input_size: 64"), "augmenter.size=40"],
    on: [COMPRESS],
    slow: true,
    networks: true,
  },
  "an own size that its patches do not divide": {
    set: [dino(", input_size: 50")],
    on: [COMPRESS],
    networks: true,
    refused: /A side of 50 pixels does not divide into patches of 16; .* 48; set its input_size$/,
  },
  "small patches that it sees at a side it does not take": {
    set: [dino(", input_size: 64"), patches("moco-v2"), "small_patches.augmenter.size=20"],
    on: [COMPRESS],
    networks: true,
    refused: /A side of 40 pixels does not divide/,
  },
  "a vision transformer to compare with": {
    set: [dino().replace("teacher", "evaluate.teacher"), "augmenter.size=40"],
    on: [MOCO],
    networks: true,
    refused: /A side of 40 pixels does not divide into patches of 16/,
  },
  "the head of a network that no file has a head of": {
    set: [network("efficientnet_lite2")],
    on: [COMPRESS],
    networks: true,
    refused: /No file of efficientnet_lite2 that is read has a projection head, .* set it to "features"$/,
  },
  "the head of a network that some files have a head of": {
    set: [network("mobilenet_v3_small")],
    on: [COMPRESS],
    slow: true,
    networks: true,
  },
  "views of the smallest side": {
    set: ["augmenter.size=8", "train.bn_splits=1"],
    on: [SIMREG, "recipes/imagenet/moco_v2/mobilenet_v3_small.yaml"],
    slow: true,
    networks: true,
  },
  "patches of the smallest side": {
    set: [patches("swav"), "small_patches.augmenter.size=8"],
    on: [SIMREG],
    slow: true,
    networks: true,
  },
  "views of no side": { set: ["augmenter.size=4"], refused: /Expected a number of at least 8, got 4$/ },

  "a teacher in bf16": { set: ["teacher.precision=bf16"], on: [COMPRESS], networks: true, slow: true },
  "a teacher that nothing can stand in for": {
    set: ['teacher={ plugin: "@seed/teacher-onnx", weights: x.onnx, mean: [0, 0, 0], std: [1, 1, 1] }'],
    atRun: /x\.onnx"/,
  },

  // Views and heads.
  "views without anything random": {
    set: ['augmenter={ plugin: "@seed/augmenter-evaluation", size: 32 }'],
    on: [SEED, MOCO],
  },
  "a head with batch norm, and a batch of one image": {
    set: ["student.head.norm=batch", "train.batch_size=1", "train.bn_splits=1", "queue.size=4"],
    on: [SEED, MOCO],
    atRun: /A batch norm in training sees one value per channel, .* or raise batch_size/,
  },
  "a head with a projection": { set: ["student.head.projection=4", "student.head.norm=batch"] },
  "a head of one layer": { set: ["student.head.hidden=null"] },

  // Data, and what is evaluated: dry runs evaluate nothing.
  "images that do not decode left out": { set: ["data.on_error=skip"], on: [SEED, MOCO] },
  "other data": { set: ['data={ plugin: "@seed/data-tsv", root: x.tsv }'] },
  "data of small pictures": { set: ['data={ plugin: "@seed/data-cifar", root: nowhere }'] },
  "data of grey pictures": { set: ['data={ plugin: "@seed/data-fashion-mnist", root: nowhere }'] },
  "a list without queries": {
    set: ['data={ plugin: "@seed/data-list", root: list.txt }'],
    refused: /The recipe evaluates, but the list has no queries; set data\.queries, or take evaluate out$/,
  },
  "a list without queries, and no evaluation": {
    set: ['data={ plugin: "@seed/data-list", root: list.txt }', "evaluate=null"],
  },
  "shards without queries": { set: ['data={ plugin: "@seed/data-webdataset", root: train.tar }'] },
  "agreement": {
    set: ["evaluate.agreement.k=5"],
    on: [SEED, MOCO],
    refused: /The evaluator agreement needs a teacher to compare with; add evaluate\.teacher/,
  },
  "agreement with a teacher for it": {
    set: ["evaluate.agreement.k=5", `evaluate.teacher.plugin="${TEACHER}"`],
    on: [MOCO],
  },
  "a teacher to compare with, taken out": { set: ["evaluate.teacher=null"] },
  "fine-tuning": { set: ["evaluate.semi={ epochs: 2, drops: [1] }"], on: [SEED, PATCHES] },
  "fine-tuning that ends before its drops": {
    set: ["evaluate.semi.epochs=16"],
    refused:
      /Expected evaluate\.semi\.drops less than evaluate\.semi\.epochs 16, got 16; name others, or \[\]/,
  },
  "fine-tuning with no label": {
    set: ["evaluate.semi.splits=[{ labels: 0 }]"],
    refused: /Expected a number of more than 0, got 0$/,
  },
  "a linear probe by SGD": { set: ["evaluate.linear.protocol=sgd"] },
  "a linear probe by SGD that ends before its drops": {
    set: ["evaluate.linear={ protocol: sgd, sgd: { epochs: 50 } }"],
    refused:
      /Expected evaluate\.linear\.sgd\.drops less than evaluate\.linear\.sgd\.epochs 50, got 60, 80; name/,
  },
  "a linear probe by SGD without drops": {
    set: ["evaluate.linear={ protocol: sgd, sgd: { epochs: 50, drops: [] } }"],
  },
  "a linear probe that holds out too much": {
    set: ["evaluate.linear.held_out=0.9"],
    refused: /Expected a number of at most 0\.5, got 0\.9$/,
  },
};

/** A recipe's change, after others that make it small: its batch, its queues, its networks. */
async function setsOf(path: string, { set, networks = false, traced = false }: Change): Promise<string[]> {
  const { queue, teacher, smallPatches, train } = await loadRecipe(ROOT + path, { defaults: DEFAULTS });
  const where = (is: boolean, ...sets: string[]) => is ? sets : [];
  return [
    ...["train.batch_size=8", "train.workers=1", "augmenter.size=32"],
    ...where(!traced, "engine.trace=false"),
    ...where(queue !== null, "queue.size=16"),
    ...where(train.bn_splits > 1, "train.bn_splits=2"),
    ...where(smallPatches.length > 0, "small_patches.augmenter.size=16", "small_patches.count=2"),
    ...where(networks && teacher?.plugin.name === "@seed/teacher-moco", "teacher.network=resnet18"),
    ...where(!networks, `student={ plugin: "${STUDENT}", head: { hidden: 8 } }`),
    ...where(!networks && teacher !== null, `teacher={ plugin: "${TEACHER}" }`),
    ...set,
  ];
}

/** What comes of a recipe: `validate` refuses it, or the run does, or it takes its steps. */
type Outcome = { refused: string } | { atRun: string } | { ran: DryRun };

/** By what a recipe comes to: many differ in their networks alone. */
const known = new Map<string, Outcome>();

async function outcomeOf(path: string, overrides: string[]): Promise<Outcome> {
  try {
    const recipe = await loadRecipe(ROOT + path, { overrides, defaults: { ...DEFAULTS, engine: ENGINE } });
    const outcome = known.get(recipe.resolved) ?? await tryOut(recipe);
    known.set(recipe.resolved, outcome);
    return outcome;
  } catch (error) {
    if (error instanceof UsageError) return { refused: error.message };
    throw error;
  }
}

async function tryOut(recipe: Recipe): Promise<Outcome> {
  const host: Host = { log() {}, signal: new AbortController().signal };
  try {
    return { ran: await dryRun(recipe, { out: null, maxSteps: null, standIn: 1000 }, host) };
  } catch (error) {
    if (error instanceof RunError || error instanceof UsageError) return { atRun: error.message };
    throw error;
  }
}

const all = Deno.env.get("SEED_ALL_RECIPES")
  ? (await recipePaths()).filter((path) => !/\/demo/.test(path))
  : [];

for (const [name, change] of Object.entries(CHANGES)) {
  if (change.slow && !all.length) continue;
  Deno.test(`recipes changed by ${name} are refused, or run`, async (t) => {
    const { on = [SEED], refused, atRun, networks } = change, outcomes: Outcome[] = [];
    for (const path of new Set([...on, ...networks ? [] : all])) {
      await t.step(path, async () => {
        const outcome = await outcomeOf(path, await setsOf(path, change));
        if ("ran" in outcome) assert.ok(Number.isFinite(outcome.ran.loss));
        if ("atRun" in outcome) assert.match(outcome.atRun, atRun ?? /^only what the run alone can know$/);
        if (!on.includes(path)) return; // a change may mean nothing to it
        outcomes.push(outcome);
        if ("refused" in outcome) {
          const lines = outcome.refused.split("\n").filter((line) => !line.startsWith("    "));
          for (const line of lines) assert.match(line, refused ?? /^nothing$/);
          assert.match(lines[0], /^--set |\.yaml:\d+:\d+: /);
        }
      });
    }
    assert.equal(outcomes.some((outcome) => "refused" in outcome), refused !== undefined);
    assert.equal(outcomes.some((outcome) => "atRun" in outcome), atRun !== undefined);
  });
}

Deno.test("augmenters make views of the side that they tell", async () => {
  for (const name of ["evaluation", "moco-v1", "moco-v2", "swav"]) {
    const { plugin } = await loadPlugin(`@seed/augmenter-${name}`, "augmenter", "");
    for (const given of [{}, { size: 40 }]) {
      const options = plugin.options.parse(given),
        { size } = await plugin.create(options as never, testContext);
      assert.deepEqual(plugin.tells!(options as never), { size });
    }
  }
});

Deno.test("teachers are as wide as they tell, where their files do not say it", async () => {
  const told = async (set: string[]) =>
    await outcomeOf(COMPRESS, await setsOf(COMPRESS, { set, networks: true })).then((outcome) => {
      assert.ok("ran" in outcome);
      return outcome.ran.shapes.teacher[0][1];
    });
  for (const [set, options] of [[[], { network: "resnet18", layer: "features" }], [[dino()], VIT]] as const) {
    const { plugin } = await loadPlugin(
      options === VIT ? "@seed/teacher-dino" : "@seed/teacher-moco",
      "teacher",
      "",
    );
    const { embeddingDim } = plugin.tells!(plugin.options.parse({ ...options, weights: "" }) as never);
    assert.equal(await told([...set]), embeddingDim);
  }
});
