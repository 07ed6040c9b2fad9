import { figuresOf, IDENTICAL_FEATURES, type Processes, type tf, UsageError } from "@seed/core";
import {
  agree,
  augmenterModule,
  autoWorkers,
  createPlugin,
  type Evaluated,
  Evaluation,
  factsOf,
  firstSays,
  type Host,
  isFirst,
  listingFact,
  neededAugmenters,
  pluginContext,
  type PluginUse,
  processesHere,
  ViewPipeline,
} from "@seed/core/host";
import { type Arguments, noPositionals, parseArguments } from "./arguments.ts";
import { dataNamed, dataOverride, type DataUse, openEvaluationData } from "./evaluation/evaluation_data.ts";
import {
  createEvaluators,
  EVALUATOR_FLAGS,
  evaluatorsOf,
  type EvaluatorUse,
  modulesOf,
  type NamedEvaluators,
  namedEvaluators,
} from "./evaluation/named_evaluators.ts";
import { requireRead } from "./evaluation/unread_overrides.ts";
import { ON_ERROR_FLAG, onErrorOf, tellingOfSkip } from "./on_error.ts";
import { described, type NetworkSubject, openSubject } from "./network_subject.ts";
import { askedProcesses, PROCESSES_FLAG } from "./processes/flag.ts";
import { inProcesses } from "./processes/in_processes.ts";
import { SUBJECT_FLAGS, type SubjectFlags, subjectFlags } from "./subject_flags.ts";
import { percent, table } from "./table.ts";

export const help = `Usage: deno task eval --run DIR [flags]
       deno task eval --network NAME --weights FILE --data ROOT [flags]

Evaluates the student of a finished run again: with the data and the evaluators of its recipe, or with others. The
teacher is evaluated too where an evaluator compares with it. Or evaluates any network that weights are read for, by
nearest neighbours and a linear probe unless others are named.

  --run DIR          the run
  --network NAME     a name of ls networks, or a module of yours that exports a network: ./my_network.ts
  --weights FILE     its weights
  --below PREFIX     what stands before the network's names, where the file holds it several times
  --data ROOT        other data: a folder of images with train/ and val/ in it, classes below; or a recipe, for its data
  --knn              only the evaluators that are named, with the recipe's options,
  --linear           or their defaults if the recipe has them not
  --retrieval
  --agreement
  --semi SHARES      fine-tunes with these shares of the labels, for example 0.01,0.1
  --on-error NAME    stop, or skip: every image is looked at first, and those that cannot be read are left out and
                     counted (default: what the data's recipe says, else stop)
  --processes N      embeds in N processes of this machine, which share its cores out; under mpiexec or srun a process
                     joins those that it was started with
  --set key=value    overrides a key of the run's recipe, for example --set evaluate.knn.k=5; repeatable
  --allow-plugins    imports plugins of the run, or of --data, that do not come with SEED, which runs their code
  --json             prints the figures as one JSON object on standard output

Example: deno task eval --run runs/demo --knn --set evaluate.knn.k=1
         deno task eval --network resnet50 --weights moco_v2_800ep_pretrain.pth.tar --data flowers --linear`;

/** At most so many images does a network see at once. */
const BATCH = 64;

/** What of a run's recipe says how its student is evaluated. */
const SECTIONS = ["engine", "student", "data", "teacher", "evaluate", "seed", "train"];

/** What a network without a recipe is evaluated by, unless others are named. */
const USUAL: NamedEvaluators = new Map([["knn", null], ["linear", null]]);

/** Which network is evaluated, on what, and by which evaluators. */
interface EvaluationPlan {
  subject: NetworkSubject;
  data: DataUse;
  evaluators: EvaluatorUse[];
  seed: number;
  batchSize: number;
  /** The one to compare with; null: there is none. It is only asked for, and imported, where it is needed. */
  teacher(): Promise<PluginUse<"teacher"> | null>;
}

export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, {
    ...SUBJECT_FLAGS,
    data: { type: "string" },
    ...Object.fromEntries(EVALUATOR_FLAGS.map((name) => [name, { type: "boolean" } as const])),
    semi: { type: "string" },
    ...ON_ERROR_FLAG,
    ...PROCESSES_FLAG,
    json: { type: "boolean" },
  });
  noPositionals(parsed);
  const flags = subjectFlags(parsed, { sections: SECTIONS, foreignData: true }),
    named = namedEvaluators(parsed);
  requireRead(parsed.list("set"), [...named.keys()]);
  const plan = flags.run === null
    ? await planOfFile(flags, parsed, named)
    : await planOfRun(flags, parsed, named);
  using subject = plan.subject;
  const work = async (host: Host, processes: Processes | null) => {
    const result = await tellingOfSkip("--on-error skip", () => evaluate(plan, host, processes));
    if (!isFirst(processes)) return 0;
    const facts = flags.run === null
      ? { network: subject.network, weights: subject.weights, layout: subject.layout }
      : { run: flags.run, network: subject.network, weights: subject.weights };
    if (parsed.has("json")) console.log(JSON.stringify({ ...facts, ...result }));
    else console.log(tableOf(result.evaluations));
    return 0;
  };
  const asked = askedProcesses(parsed);
  return await inProcesses({ verb: "eval", args, notice: "no figures are kept", work }, asked);
}

/** A run is evaluated on its recipe's data and by its evaluators, where the command line names no others. */
async function planOfRun(
  flags: SubjectFlags & { run: string },
  parsed: Arguments,
  named: NamedEvaluators,
): Promise<EvaluationPlan> {
  const path = parsed.text("data"), ofData = path === null ? [] : [await dataOverride(path, flags)];
  const onError = onErrorOf(parsed), ofFlag = onError === null ? [] : [`data.on_error=${onError}`];
  const overrides = [...ofData, ...flags.overrides, ...ofFlag];
  const subject = await openSubject({ ...flags, overrides });
  try {
    const run = subject.run!.finished, modules = named.size ? modulesOf(named) : undefined;
    const recipe = await run.parts({ parts: ["data", "evaluate"], evaluators: modules });
    if (named.size === 0 && recipe.evaluate.evaluators.length === 0) {
      const flags = EVALUATOR_FLAGS.map((name) => `--${name}`).join(", ");
      throw new UsageError(`The recipe of "${run.folder}" evaluates nothing; name ${flags}`);
    }
    return {
      ...{ subject, data: recipe.data, seed: recipe.seed },
      evaluators: await evaluatorsOf(named, recipe.evaluate.evaluators),
      batchSize: Math.min(BATCH, recipe.train.batch_size),
      async teacher() {
        const { teacher, evaluate } = await run.parts({ parts: ["teacher", "evaluate"], evaluators: [] });
        return evaluate.teacher ?? teacher;
      },
    };
  } catch (error) {
    subject[Symbol.dispose]();
    throw error;
  }
}

async function planOfFile(
  flags: SubjectFlags,
  parsed: Arguments,
  named: NamedEvaluators,
): Promise<EvaluationPlan> {
  const data = parsed.required("data");
  if (named.has("agreement")) {
    throw new UsageError("--agreement compares with a run's teacher: it needs --run");
  }
  if (named.has("semi")) throw new UsageError("--semi trains a run's student further: it needs --run");
  const allowPlugins = parsed.has("allow-plugins"), found = await dataNamed(data, { allowPlugins });
  return {
    data: { ...found, on_error: onErrorOf(parsed) ?? found.on_error },
    evaluators: await evaluatorsOf(named.size ? named : USUAL, []),
    ...{ seed: 0, batchSize: BATCH, teacher: () => Promise.resolve(null) },
    subject: await openSubject(flags),
  };
}

/** Figures of one network. */
interface NetworkFigures extends Evaluated {
  network: "teacher" | "student" | "network";
}

/** @returns what was found; of several processes the first has the figures. */
async function evaluate(plan: EvaluationPlan, outer: Host, processes: Processes | null) {
  const host = firstSays(outer, processes);
  const { subject, data, evaluators: uses, seed, batchSize } = plan, { run, inputSize } = subject;
  await using stack = new AsyncDisposableStack();
  const augmenters = neededAugmenters(uses).map(augmenterModule);
  const pipeline = stack.use(
    await ViewPipeline.start({
      ...{ augmenters, workers: autoWorkers(processesHere(processes)), seed },
      ...outer,
    }),
  );
  const opened = { seed, host, processes, pipeline, stack };
  const { images, skipped } = await openEvaluationData(data, opened);
  const engine = stack.use(await subject.openEngine(host, processesHere(processes)));
  if (processes) {
    await agree(processes, {
      ...factsOf(engine),
      "gallery": listingFact(images.gallery),
      "queries": listingFact(images.queries),
      "file of weights": await subject.hash(),
    });
  }
  const evaluators = await createEvaluators(uses, { pipeline, seed, engine, host });
  const evaluation = new Evaluation(evaluators, images, {
    ...{ engine, pipeline, batchSize, signal: host.signal, processes },
  });
  const embedding = `Embedding ${images.gallery.length} + ${images.queries.length} images`;
  const evaluations: NetworkFigures[] = [];
  const compares = evaluators.some(({ evaluator }) => evaluator.usesTeacher);
  const teacherUse = compares ? await plan.teacher() : null;
  if (teacherUse) {
    const context = pluginContext(teacherUse, seed, host);
    using teacher = await createPlugin(teacherUse, { ...context, engine });
    host.log(`${embedding} with the teacher`);
    const found = await evaluation.teacher(
      async (x) => [await teacher.embed(x)],
      teacher.inputSize ?? inputSize,
    );
    evaluations.push({ network: "teacher", ...found });
  }
  const network = stack.use(await subject.load({ engine, host }));
  const forward = stack.use(engine.trace((pixels) => {
    const { features, embedding } = network.forward(pixels as tf.Tensor4D, subject.hasHead);
    return embedding ? [features, embedding] : [features];
  }, { name: "features and embedding" }));
  host.log(run ? `${embedding} with the student` : embedding);
  const encode = async (pixels: tf.Tensor4D) => await forward.call(pixels) as tf.Tensor2D[];
  const trainable = run ? { size: inputSize, copy: () => run.copy({ engine, host }) } : undefined;
  evaluations.push({
    network: run ? "student" : "network",
    ...await evaluation.network(encode, { name: described(subject), size: inputSize }, trainable),
  });
  const { gallery, queries } = images;
  return { gallery: gallery.length, queries: queries.length, skipped_images: skipped, evaluations };
}

function tableOf(evaluations: readonly NetworkFigures[]): string {
  const warnings = evaluations.flatMap(({ network, identical_features: identical }) =>
    identical ? `\n${network}: ${IDENTICAL_FEATURES}` : []
  );
  const figures = evaluations.map(({ evaluation }) => new Map(figuresOf(evaluation)));
  // Some networks have figures that others have not: a teacher is not fine-tuned.
  const columns = [...new Set(figures.flatMap((one) => [...one.keys()]))];
  const rows = evaluations.map(({ network }, i) => [
    network,
    ...columns.map((name) => figures[i].has(name) ? percent(figures[i].get(name)!) : "-"),
  ]);
  return table([["network", ...columns], ...rows]) + warnings.join("");
}
