import { ProcessesError, RunError } from "../errors.ts";
import type { Host } from "../interfaces/host.ts";
import { withChosenEngine } from "../parts/choose_engine.ts";
import { Learner } from "../parts/learner.ts";
import { createProcessParts } from "../parts/process_parts.ts";
import { firstSays } from "../processes/first_says.ts";
import { StoppedTogether } from "../processes/go_on_together.ts";
import type { Processes } from "../processes/processes.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { Company } from "./company.ts";
import { Course } from "./course.ts";
import { fitObjectives } from "./fit_objectives.ts";
import { checkInitialWeights } from "./initial_weights.ts";
import { BrokenStepError, takeSteps } from "./loop.ts";
import { RunEvaluation } from "./run_evaluation.ts";
import { TrainingBatches } from "./training_batches.ts";

/**
 * Takes part in a run that another process owns: its slice of every step, its share of what evaluations embed. Writes
 * nothing; folder, loggers, checkpoints and figures are the first process's.
 *
 * @param options.resume Whether the first process goes on with a run; its state is shared in any case. Default: false.
 * @returns whether the run came to its end.
 * @throws {RunError} If data, weights or device are not there, or another process is gone.
 */
export async function follow(
  asked: Recipe,
  { maxSteps, resume = false }: { maxSteps: number | null; resume?: boolean },
  outer: Host,
  processes: Processes,
): Promise<boolean> {
  const host = firstSays(outer, processes), recipe = await withChosenEngine(asked, host, processes);
  const initial = resume ? null : await checkInitialWeights(recipe);
  await using parts = await createProcessParts(recipe, outer, processes);
  using learner = await Learner.create(recipe, parts, host, initial);
  const { data, standIns } = parts,
    course = new Course(recipe, { images: data.train.length, standIns, maxSteps, processes });
  const company = new Company(processes, learner);
  await company.agree(recipe, parts, course, resume);
  using batches = await TrainingBatches.open(parts, recipe, host);
  if (!resume) await fitObjectives(recipe, parts, [learner], host);
  let done = await company.begin(0);
  /** Whether all have been told to stop. */
  let isTold = false;
  const goesOn = async () => {
    const all = await company.goesOn(!host.signal.aborted);
    isTold ||= !all;
    return all;
  };
  try {
    const { signal } = host;
    using evaluation = await RunEvaluation.open(parts, learner, done, {
      ...{ recipe, course, signal },
      report: () => {}, // the first process's
    });
    await evaluation?.at(done);
    const plans = course.plans(done);
    for await (
      const _ of takeSteps(plans, { batches, step: learner.step, schedule: course.schedule, goesOn })
    ) {
      if (course.savesAfter(++done)) await company.requireAlike(done);
      await evaluation?.at(done);
    }
  } catch (error) {
    if (error instanceof BrokenStepError) throw error.cause; // nothing of it is this process's to keep
    // What the user can mend, a broken image for example, came up between two steps: the state is as after the last.
    if (error instanceof RunError && !(error instanceof ProcessesError)) await company.fail(error);
    if (error instanceof StoppedTogether) isTold = true;
    else if (!host.signal.aborted || error !== host.signal.reason) throw error;
    else if (!isTold && done < course.endStep) isTold = !await company.goesOn(false); // the views broke off
  }
  if (isTold && done < course.endStep) {
    await company.requireAlike(done).catch((error) => { // the first does so before it keeps the state
      throw error instanceof BrokenStepError ? error.cause : error;
    });
  }
  return !isTold && done === course.endStep;
}
