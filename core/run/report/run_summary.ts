import { costOf } from "./cost.ts";
import type { RunContent } from "./run_content.ts";
import { figureCourses, networkName, objectivesOf, stepsOf } from "./run_figures.ts";

/** A run's figures for programs. */
export function runSummary(run: RunContent): Record<string, unknown> {
  const { images, speed, seconds, timedSteps } = costOf(run);
  return {
    ...{ directory: run.path, name: run.name, state: run.state },
    ...{
      teacher: networkName(run, "teacher"),
      student: networkName(run, "student"),
      objectives: objectivesOf(run),
    },
    ...{ steps: stepsOf(run), last_loss: run.steps.at(-1)?.loss ?? null },
    ...{ images_seen: images, images_per_second: speed },
    seconds: timedSteps === null ? seconds : null, // those of some steps are no run's
    figures: Object.fromEntries(figureCourses(run).map(({ key, ...course }) => [key, course])),
    problems: run.problems,
  };
}
