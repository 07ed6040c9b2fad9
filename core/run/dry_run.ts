import { join } from "node:path";
import type { Engine, Precision } from "../interfaces/engine.ts";
import type { Host } from "../interfaces/host.ts";
import { Learner } from "../parts/learner.ts";
import { createProcessParts, type ProcessParts } from "../parts/process_parts.ts";
import { UsageError } from "../errors.ts";
import type { PluginKind } from "../interfaces/plugin.ts";
import type { PluginUse, Recipe } from "../recipe/recipe.ts";
import { checkInitialWeights } from "./initial_weights.ts";
import { fitObjectives } from "./fit_objectives.ts";
import { parameterCounts } from "./run_record.ts";
import { requireUnused } from "./unused_folder.ts";
import { planSteps } from "../views/sampler.ts";
import { scheduleOf } from "../training/schedule.ts";
import { checkTeacherCaches, isCaching } from "../teacher_cache/open_caches.ts";
import { bagSize, streamsOf } from "../views/streams.ts";
import { viewSources } from "../views/view_source.ts";
import { BrokenStepError, takeSteps } from "./loop.ts";
import { TrainingBatches } from "./training_batches.ts";

type Arithmetic = ReturnType<Engine["arithmetic"]>;

/** What a run would be like. */
export interface DryRun {
  engine: string;
  device: string;
  /** What the student computes in, and what it would with `train.precision: auto`. */
  precision: { train: Arithmetic; auto: Arithmetic };
  /** `parameters` is null if it does not tell how many weights it has. */
  teacher: {
    plugin: string;
    weights: string | null;
    layout: string | null;
    parameters: number | null;
  } | null;
  student: {
    network: string;
    parameters: number;
    /** Of these, how many training leaves as they are. */
    frozen_parameters: number;
    /** The file that it begins from; null: noise, or made-up weights in its place. */
    weights: string | null;
  };
  /** Whether images and weights were made up: all but the figures' time and memory is then the recipe's own. */
  stand_in: boolean;
  /** Images to train on. */
  images: number;
  steps_per_epoch: number;
  /** Of the whole run. */
  steps: number;
  shapes: {
    /** What the student sees, one a view. */
    views: number[][];
    /** The teacher's embedding of each view. */
    teacher: number[][];
    features: number[];
    embedding: number[];
    /** One a loss that uses one. */
    queues: number[][];
  };
  loss: number;
  /** Memory of this process after the steps, in bytes. */
  memory_bytes: number;
  /** The first step, which is traced. */
  first_step_seconds: number;
  seconds_per_step: number;
  /** Of the epochs whose teacher embeddings are cached; null without a cache. */
  seconds_per_cached_step: number | null;
  /** Estimate for all steps, without evaluations and checkpoints. */
  seconds: number;
}

/** Which steps after the traced one time is taken of; with a cache as many again, whose views the teacher has seen. */
export interface DryRunTiming {
  /** Steps that come before: their views were made while the first step was traced. */
  settling: number;
  timed: number;
}

const TIMING: DryRunTiming = { settling: 0, timed: 2 };
/** Steps that are prepared for and never taken: views of steps to come are made while one is taken, as in a run. */
const COMING = 4;

/** How to try a recipe out. */
export interface DryRunOptions {
  /** Folder that the run would have. */
  out: string | null;
  maxSteps: number | null;
  /** Made-up images and weights in place of the recipe's, as if there were so many images; null: the recipe's own. */
  standIn: number | null;
  /** Default: two steps, at once. */
  timing?: DryRunTiming;
}

/**
 * Makes everything that a recipe names, and takes a few steps: what would stop a run stops this. Writes nothing.
 *
 * @throws {UsageError} If the folder `out` is in use.
 * @throws {RunError} If data, weights or device are not there, or the loss is not a number.
 */
export async function dryRun(
  recipe: Recipe,
  options: DryRunOptions,
  host: Host,
): Promise<DryRun> {
  if (options.out !== null) await requireUnused(options.out);
  await using tried = options.standIn === null ? null : await withStandIns(recipe);
  // Which values the student has changes neither time nor memory.
  const initial = tried ? null : await checkInitialWeights(recipe);
  await using parts = await createProcessParts(tried?.recipe ?? recipe, host);
  using learner = await Learner.create(tried?.recipe ?? recipe, parts, host, initial);
  if (!tried) checkTeacherCaches(parts, recipe);
  const { data, engine, teacher } = parts, { student, terms } = learner, { train } = recipe;
  const images = options.standIn ?? data.train.length, stepsPerEpoch = Math.floor(images / train.batch_size);
  if (stepsPerEpoch === 0) {
    throw new UsageError(`${images} images are fewer than train.batch_size ${train.batch_size}`);
  }
  const steps = Math.min(options.maxSteps ?? Infinity, train.epochs * stepsPerEpoch);
  await fitObjectives(tried?.recipe ?? recipe, parts, [learner], host);
  const timing = options.timing ?? TIMING, { timed } = timing;
  const taken = await trySteps(tried?.recipe ?? recipe, { parts, learner, stepsPerEpoch, timing }, host);
  const secondsPerStep = mean(taken.fresh.slice(-timed)), fixedViews = cachedViews(recipe);
  const secondsPerCachedStep = fixedViews === null ? null : mean(taken.cached.slice(-timed));
  const freshSteps = fixedViews === null ? steps : Math.min(steps, fixedViews * stepsPerEpoch);
  const arithmetic = (precision: Precision) => engine.arithmetic(precision, { training: true });
  return {
    engine: `${engine.name} ${engine.version}`,
    device: engine.device,
    precision: { train: arithmetic(recipe.train.precision), auto: arithmetic("auto") },
    teacher: teacher && {
      plugin: recipe.teacher!.plugin.name,
      weights: teacher.weights?.file ?? null,
      layout: teacher.weights?.layout ?? null,
      parameters: teacher.parameters ?? null,
    },
    student: {
      network: student.network,
      ...parameterCounts(student),
      weights: learner.initialWeights?.file ?? null,
    },
    stand_in: tried !== null,
    images,
    steps_per_epoch: stepsPerEpoch,
    steps,
    shapes: {
      ...inputShapes(recipe, parts),
      features: [train.batch_size, student.featureDim],
      embedding: [train.batch_size, student.embeddingDim],
      queues: terms.flatMap(({ queue }) => queue ? [queue.embeddings.shape] : []),
    },
    loss: taken.loss,
    memory_bytes: Deno.memoryUsage().rss,
    first_step_seconds: taken.fresh[0],
    seconds_per_step: secondsPerStep,
    seconds_per_cached_step: secondsPerCachedStep,
    seconds: freshSteps * secondsPerStep + (steps - freshSteps) * (secondsPerCachedStep ?? 0),
  };
}

/** The recipe with made-up files, which are removed when it is disposed of. */
async function withStandIns(recipe: Recipe): Promise<{ recipe: Recipe } & AsyncDisposable> {
  const folder = await Deno.makeTempDir({ prefix: "seed-dry-run-" });
  const given = { folder, images: Math.max(recipe.train.batch_size, bagSize(recipe) + 1) };
  const standIn = async <U extends PluginUse<PluginKind>>(use: U): Promise<U> => ({
    ...use,
    options: await use.plugin.standIn?.(use.options as never, given) ?? use.options,
  });
  const { data, teacher } = recipe, evaluate = { ...recipe.evaluate, evaluators: [], teacher: null };
  return {
    recipe: {
      ...recipe,
      data: cachingIn(folder, await standIn(data)),
      teacher: teacher && await standIn(teacher),
      evaluate,
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** What a source derives from made-up images goes with them, and does not stay in the user's cache. */
function cachingIn<U extends PluginUse<"data">>(folder: string, use: U): U {
  const { plugin } = use;
  if (!plugin.standIn) return use;
  const create: typeof plugin.create = (options, context) =>
    plugin.create(options, { ...context, cacheDir: join(folder, "cache") });
  return { ...use, plugin: { ...plugin, create } };
}

async function trySteps(
  recipe: Recipe,
  { parts, learner, stepsPerEpoch, timing: { settling, timed } }: {
    parts: ProcessParts;
    learner: Learner;
    stepsPerEpoch: number;
    timing: DryRunTiming;
  },
  host: Host,
): Promise<{ fresh: number[]; cached: number[]; loss: number }> {
  const { train, seed } = recipe, schedule = scheduleOf(train, stepsPerEpoch);
  const fresh = [...planSteps({
    ...{ images: parts.data.train.length, batchSize: train.batch_size, shuffle: recipe.data.shuffle, seed },
    ...{ startStep: 0, endStep: 1 + settling + timed, standIns: parts.standIns },
  })];
  // Few images make epochs of a step or two. Each is of views of its own then: a fresh step's are none of before.
  const kept = cachedViews(recipe), fixedViews = kept && Math.max(kept, fresh.at(-1)!.epoch + 1);
  const cached = fixedViews === null
    ? []
    : fresh.slice(1).map((plan) => ({ ...plan, epoch: plan.epoch + fixedViews }));
  const steps = [...fresh, ...cached], last = steps.at(-1)!;
  // New views of its images, or, of a cache's, those that the teacher has seen.
  const coming = Array.from({ length: COMING }, (_, i) => ({
    ...last,
    epoch: last.epoch + (i + 1) * (fixedViews ?? 1),
  }));
  const seconds: number[] = [];
  let loss = NaN;
  using batches = await TrainingBatches.open(parts, inMemory(recipe, fixedViews), host);
  let started = performance.now();
  const planned = [...steps, ...coming];
  try {
    for await (const taken of takeSteps(planned, { batches, step: learner.step, schedule })) {
      host.signal.throwIfAborted();
      loss = taken.loss;
      seconds.push((performance.now() - started) / 1000);
      if (seconds.length === steps.length) break;
      started = performance.now();
    }
  } catch (error) {
    throw error instanceof BrokenStepError ? error.cause : error; // there is nothing to keep
  }
  return { fresh: seconds.slice(0, fresh.length), cached: seconds.slice(fresh.length), loss };
}

/** Shapes of what a step is given: views, and the teacher's embeddings of those that it sees. */
function inputShapes(recipe: Recipe, parts: ProcessParts): { views: number[][]; teacher: number[][] } {
  const batch = recipe.train.batch_size, sources = viewSources(streamsOf(recipe), parts);
  return {
    views: sources.flatMap(({ views, size }) => Array.from({ length: views }, () => [batch, size, size, 3])),
    teacher: sources.flatMap(({ teacherViews }) =>
      teacherViews.map(() => [batch, parts.teacher!.embeddingDim])
    ),
  };
}

/**
 * The recipe with the teacher's embeddings kept in memory, since nothing is to be written.
 *
 * @param views How many of an image it keeps; null: they are not looked at.
 */
function inMemory(recipe: Recipe, views: number | null): Recipe {
  const { teacher } = recipe;
  return teacher?.cache
    ? {
      ...recipe,
      teacher: { ...teacher, cache: { ...teacher.cache, dir: null, views: views ?? teacher.cache.views } },
    }
    : recipe;
}

/** How many fixed views of each image the teacher sees once; null: it sees every view anew. */
function cachedViews(recipe: Recipe): number | null {
  return isCaching(recipe) ? recipe.teacher.cache.views : null;
}

function mean(values: number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
