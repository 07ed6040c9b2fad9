/**
 * What `new` says of the folder and of the run.
 *
 * @module
 */
import { formatDuration, quoted } from "@seed/core";
import type { FolderLook } from "./folder/look.ts";
import { cacheBytes, type Plan, secondsOf, type Task } from "./plan.ts";
import type { Settings } from "./settings.ts";

/** Lines on what is in the folder. */
export function lookReport(look: FolderLook): string[] {
  const { images, train, evaluation, classes, sample } = look, { sides, broken } = sample;
  const side = (share: number) => sides[Math.floor(share * (sides.length - 1))];
  return [
    `Pictures   ${images}${
      sample.looked < images ? `, of which ${sample.looked} were read` : ""
    }; short sides ` +
    `${side(0)} to ${side(1)} px, half of them ${side(0.5)} or more`,
    `Classes    ${classes ? classText(classes) : "none: they are not in folders by class"}`,
    `Held out   ${
      evaluation
        ? `${evaluation.queries} to evaluate on, ${
          evaluation.heldOut === null ? "the folder's own" : "of each class some"
        }` +
          `; ${train} to train on`
        : "none: there are too few pictures"
    }`,
    `Copies     ${copiesText(look)}`,
    `Broken     ${
      broken.length
        ? `${broken.length}; the first, ${quoted(broken[0].name)}: ${broken[0].message}`
        : "none of those read"
    }`,
  ];
}

function classText(classes: NonNullable<FolderLook["classes"]>): string {
  const smallest = classes.reduce((a, b) => b.images < a.images ? b : a);
  const largest = classes.reduce((a, b) => b.images > a.images ? b : a);
  return `${classes.length}, of ${smallest.images} (${quoted(smallest.name)}) to ${largest.images} pictures`;
}

function copiesText({ copies: { copies, across, compared }, images }: FolderLook): string {
  const some = copies === 0 ? "none" : `${copies} are another's, to the byte`;
  const warning = across
    ? `; ${across} that are evaluated on are trained on too, which flatters: take them out`
    : "";
  return `${some}${warning}; ${compared} of ${images} pictures were compared`;
}

/**
 * Lines on what the run costs, and what to expect of it.
 *
 * @param measured Bytes of memory that a few steps took, with next to nothing in the teacher's cache.
 */
export function planReport(plan: Plan, task: Task, settings: Settings, measured: number): string[] {
  const { epochs, stepsPerEpoch, batch, side, teacherSide, cacheViews, queue, seconds } = plan;
  const views = epochs * stepsPerEpoch * batch, memory = measured + cacheBytes(task, cacheViews ?? 0);
  return [
    `Views      ${side} px, the teacher's ${teacherSide} px${
      cacheViews === null ? "" : `, ${cacheViews} of each picture, which it sees once`
    }`,
    `Training   ${epochs} epochs of ${stepsPerEpoch} steps of ${batch}: ${
      views.toLocaleString("en")
    } views; a queue of ${queue}`,
    `Time       about ${formatDuration(secondsOf(plan))}: ${formatDuration(seconds.steps)} of steps, ${
      formatDuration(seconds.evaluations)
    } of evaluations, ${formatDuration(seconds.before)} before`,
    `Memory     about ${(memory / 1e9).toFixed(1)} GB`,
    `Expect     ${settings.expect ?? NOT_MEASURED}`,
    ...timeNotes(plan, task),
  ];
}

const NOT_MEASURED =
  "figures of student, untrained student and teacher are printed before and after training; runs " +
  "on folders of this size were not measured yet";

function timeNotes(plan: Plan, { seconds, settings }: Task): string[] {
  const needed = secondsOf(plan);
  if (needed > seconds) {
    return [
      `Note       One epoch does not fit into ${formatDuration(seconds)}: give it --time ${
        Math.ceil(needed / 60)
      }m, or a smaller --student`,
    ];
  }
  return plan.epochs === settings.mostEpochs
    ? [
      `Note       It ends before its ${
        formatDuration(seconds)
      }: more than ${plan.epochs} epochs did not help`,
    ]
    : [];
}
