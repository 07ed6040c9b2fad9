import { join } from "node:path";
import { RunError, UsageError } from "../errors.ts";
import { exists } from "../files/path_exists.ts";
import type { Host } from "../interfaces/host.ts";
import { Learner } from "../parts/learner.ts";
import { createProcessParts } from "../parts/process_parts.ts";
import type { Recipe } from "../recipe/recipe.ts";
import type { DistillOptions, DistillResult } from "./distill.ts";
import { fitObjectives } from "./fit_objectives.ts";
import { Messages } from "./messages.ts";
import type { Recorder } from "./recorder.ts";
import { newestRuns, studentsIn } from "./newest_run.ts";
import { Run } from "./run.ts";
import { startRun } from "./run_start.ts";
import { SharedBatches } from "./shared_batches.ts";
import { withAdvice } from "./state_keeper.ts";
import { TrainingBatches } from "./training_batches.ts";

/** One student's run before it trains. */
interface Opened {
  name: string;
  run: Run;
  recorder: Recorder;
  messages: Messages;
}

/**
 * Trains several students on the same views, which are made once and seen by the teacher once. Each has a run of its
 * own, in `folder/<its name>`, which is bit for bit the one that it would have been alone.
 *
 * @param recipes One a student, which differ in nothing else.
 * @param options `out` is the folder of all; null: `runs/<recipe>`.
 * @throws {UsageError} If a folder is in use, or a resume's recipe is another than the run began with.
 * @throws {RunError} If data, weights or device are not there, or a loss is no longer a number; with the student's name.
 */
export async function distillTogether(
  recipes: readonly Recipe[],
  options: DistillOptions,
  outer: Host,
): Promise<DistillResult> {
  const [first] = recipes, folder = await folderOf(first.name, options);
  await using stack = new AsyncDisposableStack();
  const begun = [], begunBefore = await studentsIn(folder);
  for (const asked of recipes) {
    const name = asked.studentName!, out = join(folder, name);
    // A start that was killed may have begun the runs of some alone; the others begin now.
    const resume = options.resume && (begunBefore.length === 0 || begunBefore.includes(name));
    const given = { ...options, name, out, resume };
    // The choice of an engine is the same for all, and told once.
    const host = asked === first ? outer : { ...outer, log() {} };
    const start = await naming(asked, () => startRun(asked, given, host, null));
    stack.use(start.directory);
    const messages = new Messages({ ...outer, log: (message) => outer.log(`${name}: ${message}`) });
    begun.push({ ...start, name, messages });
  }
  const parts = stack.use(await createProcessParts(begun[0].recipe, outer));
  const runs: Omit<Opened, "recorder">[] = [], fresh: Learner[] = [];
  for (const { recipe, name, directory, resumed, initial, messages } of begun) {
    await naming(recipe, async () => {
      const learner = stack.use(await Learner.create(recipe, parts, messages.host, initial));
      const made = { directory, parts, learner, host: messages.host, command: options.command ?? null };
      const run = new Run(recipe, made, options.maxSteps);
      if (resumed) await run.load();
      runs.push({ name, run, messages });
      if (!resumed) fresh.push(learner);
    });
  }
  const batches = stack.use(
    await TrainingBatches.open(parts, begun[0].recipe, outer).catch(async (error) => {
      throw await withAdvice(error);
    }),
  );
  await fitObjectives(begun[0].recipe, parts, fresh, outer);
  const opened: Opened[] = [];
  for (const [i, one] of runs.entries()) {
    const recorder = stack.use(await one.run.open(begun[i].resumed));
    stack.use(one.messages.goTo(recorder));
    opened.push({ ...one, recorder });
  }
  return { directory: folder, finished: await trainAll(opened, batches) };
}

/** Returns whether all came to their ends. */
async function trainAll(runs: readonly Opened[], batches: TrainingBatches): Promise<boolean> {
  await using shared = new SharedBatches(batches, runs.length);
  const ends: Promise<PromiseSettledResult<boolean>>[] = [], started = performance.now();
  for (const [i, { name, run, recorder, messages }] of runs.entries()) {
    run.waitedForOthers(performance.now() - started);
    const trained = naming({ studentName: name }, async () => {
      const finished = await run.train(shared.of(i), recorder);
      messages.throwIfFailed();
      return finished;
    }).finally(() => shared.leave(i));
    ends.push(Promise.allSettled([trained]).then(([end]) => end));
    if (await shared.begun(i)) continue; // its first evaluation was its own
    for (let other = i + 1; other < runs.length; other++) shared.leave(other); // none goes on without it
    break;
  }
  const ended = await Promise.all(ends), failed = ended.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
  return ended.every((end) => end.status === "fulfilled" && end.value);
}

/** The folder of all: of new runs one that is not there, of a resume the newest of the recipe's. */
async function folderOf(recipeName: string, { out, resume }: DistillOptions): Promise<string> {
  if (out !== null) return out;
  if (resume) {
    const newest = await newestRuns("runs", recipeName);
    if (newest !== null) return newest;
    const usual = join("runs", recipeName);
    throw new UsageError(`There are no runs to resume in "${usual}"; leave --resume out to start some`);
  }
  for (let n = 1;; n++) {
    const path = join("runs", n === 1 ? recipeName : `${recipeName}-${n}`);
    if (!await exists(path)) return path;
  }
}

/** Does something of a student; what goes wrong names it. */
async function naming<T>({ studentName }: Pick<Recipe, "studentName">, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const Kind = [RunError, UsageError].find((kind) => error instanceof kind && error.constructor === kind);
    if (!Kind) throw error;
    throw new Kind(`The student "${studentName}": ${(error as Error).message}`, { cause: error });
  }
}
