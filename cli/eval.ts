import {
  autoWorkers,
  createPlugin,
  type DataSource,
  type Engine,
  Evaluation,
  type Evaluator,
  type Figures,
  figuresOf,
  type Host,
  loadPlugin,
  loadTrainedStudent,
  openEngine,
  pluginContext,
  type Recipe,
  RunError,
  tracedEncoder,
  UsageError,
  ViewPipeline,
} from "@seed/core";
import { type Arguments, noPositionals, parseArguments } from "./arguments.ts";
import { DEFAULTS } from "./defaults.ts";
import { interruptible } from "./interruptible.ts";
import { type FinishedRun, openRun } from "./run_folder.ts";
import { percent, table } from "./table.ts";

export const help = `Usage: deno task eval --run DIR [flags]

Evaluates the student of a finished run again: with the data and the evaluators of its recipe, or with others. The
teacher is evaluated too where an evaluator compares with it.

  --data ROOT        other data: a folder of images with train/ and val/ in it, classes below
  --knn              only the evaluators that are named, with the recipe's options,
  --linear           or their defaults if the recipe has them not
  --retrieval
  --agreement
  --set key=value    overrides a key of the run's recipe, for example --set evaluate.knn.k=5; repeatable
  --json             prints the figures as one JSON object on standard output

Example: deno task eval --run runs/demo --knn --set evaluate.knn.k=1`;

/** Evaluators that have a flag. */
const NAMED = ["knn", "linear", "retrieval", "agreement"];

export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, {
    run: { type: "string" },
    data: { type: "string" },
    ...Object.fromEntries(NAMED.map((name) => [name, { type: "boolean" } as const])),
    set: { type: "string", multiple: true },
    json: { type: "boolean" },
  });
  noPositionals(parsed);
  const folder = parsed.required("run");
  using finished = await openRun(folder, overridesOf(parsed));
  const named = NAMED.filter((name) => parsed.has(name));
  if (named.length === 0 && finished.recipe.evaluate.evaluators.length === 0) {
    throw new UsageError(
      `The recipe of "${folder}" evaluates nothing; name ${NAMED.map((name) => `--${name}`).join(", ")}`,
    );
  }
  return await interruptible("stopping", async (host) => {
    const result = await evaluate(finished, named, host);
    if (parsed.has("json")) console.log(JSON.stringify({ run: folder, ...result }));
    else console.log(tableOf(result.evaluations));
    return 0;
  });
}

function overridesOf(parsed: Arguments): string[] {
  const root = parsed.text("data");
  if (root === null) return parsed.list("set");
  const data = { plugin: "@seed/data-image-folder", root };
  return [`data=${JSON.stringify(data)}`, ...parsed.list("set")];
}

/** Figures of one network. */
interface Evaluated {
  network: "teacher" | "student";
  evaluation: Record<string, Figures>;
}

async function evaluate({ recipe, weights, inputSize }: FinishedRun, named: string[], host: Host) {
  const contextOf = (use: Parameters<typeof pluginContext>[0]) => pluginContext(use, recipe.seed, host);
  await using stack = new AsyncDisposableStack();
  const data = stack.use(await createPlugin(recipe.data, contextOf(recipe.data)));
  const images = evaluationOf(data);
  const teacherUse = recipe.evaluate.teacher ?? recipe.teacher;
  const engine = stack.use(await openEngine(recipe, host));
  const evaluators = await evaluatorsOf(recipe, named, engine, host);
  const pipeline = stack.use(await ViewPipeline.start({ augmenter: null, workers: autoWorkers(), seed: 0 }));
  const batchSize = Math.min(64, recipe.train.batch_size);
  const evaluation = new Evaluation(evaluators, images, { engine, pipeline, batchSize, signal: host.signal });
  const evaluations: Evaluated[] = [];
  if (teacherUse && evaluators.some(({ usesTeacher }) => usesTeacher)) {
    using teacher = await createPlugin(teacherUse, { ...contextOf(teacherUse), engine });
    host.log(`Embedding ${images.gallery.length} + ${images.queries.length} images with the teacher`);
    const figures = await evaluation.teacher(
      async (x) => [await teacher.embed(x)],
      teacher.inputSize ?? inputSize,
    );
    evaluations.push({ network: "teacher", evaluation: figures });
  }
  const student = stack.use(await loadTrainedStudent(recipe, weights, { engine, host }));
  const { encode } = stack.use(tracedEncoder(engine, student));
  host.log(`Embedding ${images.gallery.length} + ${images.queries.length} images with the student`);
  evaluations.push({ network: "student", evaluation: await evaluation.network(encode, inputSize) });
  return {
    network: student.network,
    weights: weights.path,
    gallery: images.gallery.length,
    queries: images.queries.length,
    evaluations,
  };
}

function evaluationOf({ evaluation }: DataSource): NonNullable<DataSource["evaluation"]> {
  if (evaluation) return evaluation;
  throw new RunError("The data has nothing to evaluate on: give its folder the folders train/ and val/");
}

/** The recipe's evaluators, or those that are named, which the recipe need not have. */
async function evaluatorsOf(
  recipe: Recipe,
  named: string[],
  engine: Engine,
  host: Host,
): Promise<Evaluator[]> {
  const evaluators: Evaluator[] = [];
  for (const use of recipe.evaluate.evaluators) {
    evaluators.push(await createPlugin(use, { ...pluginContext(use, recipe.seed, host), engine }));
  }
  if (named.length === 0) return evaluators;
  return await Promise.all(named.map(async (name) => {
    const own = evaluators.find((evaluator) => evaluator.name === name);
    if (own) return own;
    const { plugin } = await loadPlugin(DEFAULTS.evaluatorPackage(name), "evaluator", recipe.path);
    const context = { ...pluginContext({ plugin }, recipe.seed, host), engine };
    return await plugin.create(plugin.options.parse({}) as never, context);
  }));
}

function tableOf(evaluations: readonly Evaluated[]): string {
  const columns = figuresOf(evaluations[0].evaluation).map(([name]) => name);
  const rows = evaluations.map(({ network, evaluation }) => [
    network,
    ...figuresOf(evaluation).map(([, value]) => percent(value)),
  ]);
  return table([["network", ...columns], ...rows]);
}
