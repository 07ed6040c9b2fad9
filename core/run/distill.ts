/**
 * A run from its recipe to its student: what is opened for it, in the order in which it can fail.
 *
 * @module
 */
import type { Host } from "../interfaces/host.ts";
import { Learner } from "../parts/learner.ts";
import { createProcessParts } from "../parts/process_parts.ts";
import type { Processes } from "../processes/processes.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { fitObjectives } from "./fit_objectives.ts";
import { Messages } from "./messages.ts";
import { Run } from "./run.ts";
import { startRun } from "./run_start.ts";
import { withAdvice } from "./state_keeper.ts";
import { TrainingBatches } from "./training_batches.ts";

/** How to run a recipe. */
export interface DistillOptions {
  /** Folder of the run; null: `runs/<recipe>`. */
  out: string | null;
  /** Stop after this many steps of the whole run; null: at its end. */
  maxSteps: number | null;
  /** Go on with a run from its newest checkpoint. */
  resume: boolean;
  /** Of a resume: the run may have become longer, or have another number of processes. Default: false. */
  extend?: boolean;
  /** What the user has typed, for the run's record. Default: it is not told. */
  command?: string;
}

/** What came of it. */
export interface DistillResult {
  directory: string;
  /** False if it was interrupted; a resume goes on. */
  finished: boolean;
}

/**
 * Runs a recipe: trains, evaluates, writes the run directory. Of several processes the first does; the others take
 * part by `follow.ts`.
 *
 * @param processes All of the run; null: this one is alone.
 * @throws {UsageError} If the run directory is in use, or a resume's recipe is another than the run began with.
 * @throws {RunError} If data, weights or device are not there, or the loss is no longer a number.
 */
export async function distill(
  asked: Recipe,
  options: DistillOptions,
  outer: Host,
  processes: Processes | null = null,
): Promise<DistillResult> {
  const messages = new Messages(outer), { host } = messages;
  const start = await startRun(asked, { ...options, name: asked.name }, host, processes);
  await using directory = start.directory;
  const { recipe, resumed, initial } = start;
  await using parts = await createProcessParts(recipe, host, processes);
  using learner = await Learner.create(recipe, parts, host, initial);
  const made = { directory, parts, learner, host, command: options.command ?? null };
  const run = new Run(recipe, made, options.maxSteps);
  await run.agree(resumed !== null);
  if (resumed) await run.load();
  // What can fail, or takes hours, comes before the folder is a run's, and before anything in it changes.
  using batches = await TrainingBatches.open(parts, recipe, host).catch(async (error) => {
    throw await withAdvice(error);
  });
  if (!resumed) await fitObjectives(recipe, parts, [learner], host);
  await run.share();
  await using recorder = await run.open(resumed);
  using _listening = messages.goTo(recorder);
  const finished = await run.train(batches, recorder);
  messages.throwIfFailed();
  return { directory: directory.path, finished };
}
