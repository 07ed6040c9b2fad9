import { parse } from "yaml";
import {
  type DataSource,
  type Engine,
  figuresOf,
  RunError,
  type tf,
  tracedEncoder,
  UsageError,
} from "@seed/core";
import {
  augmenterModule,
  autoWorkers,
  createPlugin,
  type Evaluated,
  Evaluation,
  type EvaluatorInUse,
  type Host,
  loadPlugin,
  loadRecipe,
  loadTrainedStudent,
  neededAugmenters,
  openEngine,
  pluginContext,
  type PluginUse,
  type Recipe,
  viewMakers,
  ViewPipeline,
  withoutBroken,
} from "@seed/core/host";
import { FrozenNetwork, layoutOf, networkNamed, openWeights, publishedInput } from "@seed/nn";
import { type Arguments, noPositionals, parseArguments } from "./arguments.ts";
import { openDefaultEngine } from "./default_engine.ts";
import { DEFAULTS } from "./defaults.ts";
import { interruptible } from "./interruptible.ts";
import { type FinishedRun, openRun } from "./run_folder.ts";
import { subjectFlags } from "./subject_flags.ts";
import { percent, table } from "./table.ts";

export const help = `Usage: deno task eval --run DIR [flags]
       deno task eval --network NAME --weights FILE --data ROOT [flags]

Evaluates the student of a finished run again: with the data and the evaluators of its recipe, or with others. The
teacher is evaluated too where an evaluator compares with it. Or evaluates any network that weights are read for, by
nearest neighbours and a linear probe unless others are named.

  --run DIR          the run
  --network NAME     a name of ls networks
  --weights FILE     its weights
  --data ROOT        other data: a folder of images with train/ and val/ in it, classes below; or a recipe, for its data
  --knn              only the evaluators that are named, with the recipe's options,
  --linear           or their defaults if the recipe has them not
  --retrieval
  --agreement
  --semi SHARES      fine-tunes with these shares of the labels, for example 0.01,0.1
  --set key=value    overrides a key of the run's recipe, for example --set evaluate.knn.k=5; repeatable
  --json             prints the figures as one JSON object on standard output

Example: deno task eval --run runs/demo --knn --set evaluate.knn.k=1
         deno task eval --network resnet50 --weights moco_v2_800ep_pretrain.pth.tar --data flowers --linear`;

/** Images that a network sees at once. */
const BATCH = 64;

/** Evaluators that have a flag. */
const NAMED = ["knn", "linear", "retrieval", "agreement"];

/** Options of evaluators that are named with more than a flag, by their names. */
type Given = Record<string, Record<string, unknown>>;

export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, {
    run: { type: "string" },
    network: { type: "string" },
    weights: { type: "string" },
    data: { type: "string" },
    ...Object.fromEntries(NAMED.map((name) => [name, { type: "boolean" } as const])),
    semi: { type: "string" },
    set: { type: "string", multiple: true },
    json: { type: "boolean" },
  });
  noPositionals(parsed);
  const flags = subjectFlags(parsed), given = semiOptions(parsed);
  const named = [...NAMED.filter((name) => parsed.has(name)), ...Object.keys(given)];
  if (flags.run === null) return await evaluateFile(flags, parsed, named);
  const folder = flags.run;
  using finished = await openRun(folder, await overridesOf(parsed));
  if (named.length === 0 && finished.recipe.evaluate.evaluators.length === 0) {
    throw new UsageError(
      `The recipe of "${folder}" evaluates nothing; name ${NAMED.map((name) => `--${name}`).join(", ")}`,
    );
  }
  return await interruptible("stopping", async (host) => {
    const result = await evaluate(finished, named, given, host);
    if (parsed.has("json")) console.log(JSON.stringify({ run: folder, ...result }));
    else console.log(tableOf(result.evaluations));
    return 0;
  });
}

/** `--semi 0.01,0.1`. */
function semiOptions(parsed: Arguments): Given {
  const text = parsed.text("semi");
  if (text === null) return {};
  const splits = text.split(",").map((share) => {
    const labels = Number(share);
    if (!(labels > 0 && labels <= 1)) {
      throw new UsageError(`--semi takes shares above 0, up to 1, such as 0.01,0.1; got "${share}"`);
    }
    return { labels };
  });
  return { semi: { splits } };
}

/** The recipe that `--data` names; null if it names a folder, or nothing. */
async function recipeOfData(parsed: Arguments): Promise<Recipe | null> {
  const path = parsed.text("data");
  return path && /\.ya?ml$/.test(path) ? await loadRecipe(path, { defaults: DEFAULTS }) : null;
}

/** A network by name with a file of weights. */
async function evaluateFile(
  { network: name, weights }: { network: string; weights: string },
  parsed: Arguments,
  named: string[],
): Promise<number> {
  const root = parsed.required("data"), network = networkNamed(name);
  if (named.includes("agreement")) {
    throw new UsageError("--agreement compares with a run's teacher: it needs --run");
  }
  if (named.includes("semi")) throw new UsageError("--semi trains a run's student further: it needs --run");
  using file = await openWeights(weights);
  const layout = layoutOf(file, network), { inputSize } = publishedInput(file, network, layout);
  const ofRecipe = (await recipeOfData(parsed))?.data;
  const data = ofRecipe ?? { ...await loadPlugin("@seed/data-image-folder", "data", ""), options: { root } };
  return await interruptible("stopping", async (host) => {
    await using stack = new AsyncDisposableStack();
    const uses = await Promise.all((named.length ? named : ["knn", "linear"]).map((one) => shipped(one)));
    const pipeline = stack.use(await startPipeline(uses, 0, host));
    const { images, skipped } = await openImages(data, {
      ...{ seed: 0, host, pipeline, stack },
      skips: ofRecipe?.on_error === "skip",
    });
    const engine = stack.use(await openDefaultEngine(host));
    const frozen = stack.use(FrozenNetwork.load(file, network));
    const forward = stack.use(engine.trace((pixels) => {
      const features = frozen.features(pixels as tf.Tensor4D);
      return layout.head === null ? [features] : [features, frozen.embeddingOf(features)];
    }, { name: "features and embedding" }));
    const evaluators = await createEvaluators(uses, { pipeline, seed: 0, engine, host });
    const options = { engine, pipeline, batchSize: BATCH, signal: host.signal };
    const evaluation = new Evaluation(evaluators, images, options);
    host.log(`Embedding ${images.gallery.length} + ${images.queries.length} images`);
    const encode = async (pixels: tf.Tensor4D) => await forward.call(pixels) as tf.Tensor2D[];
    const evaluations = [{ network: "network" as const, ...await evaluation.network(encode, inputSize) }];
    const counts = {
      gallery: images.gallery.length,
      queries: images.queries.length,
      skipped_images: skipped,
    };
    const facts = { network: name, weights, layout: layout.name, ...counts, evaluations };
    console.log(parsed.has("json") ? JSON.stringify(facts) : tableOf(evaluations));
    return 0;
  });
}

/** Of the run's recipe: what `--data` names, then `--set`. */
async function overridesOf(parsed: Arguments): Promise<string[]> {
  const root = parsed.text("data"), recipe = await recipeOfData(parsed);
  if (root === null) return parsed.list("set");
  const data = recipe ? parse(recipe.resolved).data : { plugin: "@seed/data-image-folder", root };
  return [`data=${JSON.stringify(data)}`, ...parsed.list("set")];
}

/** Figures of one network. */
interface NetworkFigures extends Evaluated {
  network: "teacher" | "student" | "network";
}

async function evaluate(
  { recipe, weights, inputSize }: FinishedRun,
  named: string[],
  given: Given,
  host: Host,
) {
  const contextOf = (use: Parameters<typeof pluginContext>[0]) => pluginContext(use, recipe.seed, host);
  await using stack = new AsyncDisposableStack();
  const { seed } = recipe, own = recipe.evaluate.evaluators;
  const uses = [...own, ...await Promise.all(named.map((name) => shipped(name, given[name])))];
  const pipeline = stack.use(await startPipeline(uses, seed, host));
  const { images, skipped } = await openImages(recipe.data, {
    ...{ seed, host, pipeline, stack },
    skips: recipe.data.on_error === "skip",
  });
  const teacherUse = recipe.evaluate.teacher ?? recipe.teacher;
  const engine = stack.use(await openEngine(recipe, host));
  const all = await createEvaluators(uses, { pipeline, seed, engine, host });
  const evaluators = chosen(all.slice(0, own.length), all.slice(own.length), named, given);
  const batchSize = Math.min(64, recipe.train.batch_size);
  const evaluation = new Evaluation(evaluators, images, { engine, pipeline, batchSize, signal: host.signal });
  const evaluations: NetworkFigures[] = [];
  if (teacherUse && evaluators.some(({ evaluator }) => evaluator.usesTeacher)) {
    using teacher = await createPlugin(teacherUse, { ...contextOf(teacherUse), engine });
    host.log(`Embedding ${images.gallery.length} + ${images.queries.length} images with the teacher`);
    const found = await evaluation.teacher(
      async (x) => [await teacher.embed(x)],
      teacher.inputSize ?? inputSize,
    );
    evaluations.push({ network: "teacher", ...found });
  }
  const student = stack.use(await loadTrainedStudent(recipe, weights, { engine, host }));
  const { encode } = stack.use(tracedEncoder(engine, student));
  host.log(`Embedding ${images.gallery.length} + ${images.queries.length} images with the student`);
  evaluations.push({
    network: "student",
    ...await evaluation.network(encode, inputSize, {
      size: inputSize,
      copy: () => loadTrainedStudent(recipe, weights, { engine, host }),
    }),
  });
  return {
    network: student.network,
    weights: weights.path,
    gallery: images.gallery.length,
    queries: images.queries.length,
    skipped_images: skipped,
    evaluations,
  };
}

async function startPipeline(
  uses: readonly EvaluatorUse[],
  seed: number,
  { log, signal }: Host,
): Promise<ViewPipeline> {
  const augmenters = neededAugmenters(uses).map(augmenterModule);
  return await ViewPipeline.start({ augmenters, workers: autoWorkers(), seed, log, signal });
}

/** What is evaluated on, and how many images are left out because they do not decode. */
async function openImages(
  use: Pick<PluginUse<"data">, "plugin" | "options">,
  { seed, host, pipeline, stack, skips }: {
    seed: number;
    host: Host;
    pipeline: ViewPipeline;
    stack: AsyncDisposableStack;
    /** Leaves out images that do not decode. */
    skips: boolean;
  },
) {
  const data = stack.use(await createPlugin(use, pluginContext(use, seed, host)));
  if (!skips) return { images: evaluationOf(data), skipped: 0 };
  const checked = await withoutBroken(data, pipeline, host);
  return { images: evaluationOf(checked.data), skipped: checked.skipped.count };
}

function evaluationOf({ evaluation }: DataSource): NonNullable<DataSource["evaluation"]> {
  if (evaluation) return evaluation;
  throw new RunError(
    "The data has nothing to evaluate on: a folder needs train/ and val/ in it, other sources are told by their options",
  );
}

/** An evaluator's plugin with checked options. */
type EvaluatorUse = Pick<PluginUse<"evaluator">, "plugin" | "options">;

/** One that comes with SEED, with its defaults. */
async function shipped(name: string, options: Record<string, unknown> = {}): Promise<EvaluatorUse> {
  const { plugin } = await loadPlugin(DEFAULTS.evaluatorPackage(name), "evaluator", "");
  return { plugin, options: plugin.options.parse(options) };
}

async function createEvaluators(
  uses: readonly EvaluatorUse[],
  { pipeline, seed, engine, host }: { pipeline: ViewPipeline; seed: number; engine: Engine; host: Host },
): Promise<EvaluatorInUse[]> {
  const views = viewMakers(uses, pipeline, 0);
  return await Promise.all(uses.map(async (use, i) => ({
    evaluator: await createPlugin(use, { ...pluginContext(use, seed, host), engine }),
    views: views[i],
  })));
}

/** The recipe's own evaluators, or those that are named: the recipe's where it has them, else those of SEED. */
function chosen(
  own: readonly EvaluatorInUse[],
  ofSeed: readonly EvaluatorInUse[],
  named: readonly string[],
  given: Given,
): readonly EvaluatorInUse[] {
  if (named.length === 0) return own;
  return named.map((name, i) => {
    const known = given[name] ? undefined : own.find(({ evaluator }) => evaluator.name === name);
    return known ?? ofSeed[i];
  });
}

function tableOf(evaluations: readonly NetworkFigures[]): string {
  const columns = figuresOf(evaluations[0].evaluation).map(([name]) => name);
  const rows = evaluations.map(({ network, evaluation }) => [
    network,
    ...figuresOf(evaluation).map(([, value]) => percent(value)),
  ]);
  return table([["network", ...columns], ...rows]);
}
