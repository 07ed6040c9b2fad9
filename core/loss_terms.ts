import type { Objective, ObjectiveInputs } from "./objective.ts";
import type { Queue } from "./queue.ts";

/** Which of a step's views a loss is of. */
export type Stream = "views" | "patches";

/** One of the losses that a step minimises the weighted sum of. */
export interface LossTerm {
  readonly objective: Objective;
  /** Null if the objective uses none. */
  readonly queue: Queue | null;
  /** What checkpoints call the queue: `queue`, `small_queue`, `queue_2`... */
  readonly queueName: string;
  readonly weight: number;
  readonly stream: Stream;
}

/** A single objective on the views, as a recipe without lists or patches has it. */
export function singleTerm(objective: Objective, queue: Queue | null): LossTerm {
  return { objective, queue, queueName: "queue", weight: 1, stream: "views" };
}

/** What the losses of a step need of its batch, all together. */
export interface BatchNeeds {
  views: number;
  /** How many of the views, the last ones, are of neighbours. */
  neighbourViews: number;
  /** How many of the views, the first ones, the teacher sees. */
  teacherViews: number;
}

/** Adds up what the terms need. */
export function needsOf(terms: readonly LossTerm[]): BatchNeeds {
  const objectives = terms.map(({ objective }) => objective);
  return {
    views: Math.max(...objectives.map(({ views }) => views)),
    neighbourViews: Math.max(...objectives.map(({ neighbours }) => neighbours?.views ?? 0)),
    teacherViews: Math.max(...objectives.map(({ views, usesTeacher }) => usesTeacher ? views : 0)),
  };
}

/** The inputs of a term's objective; those that it does not say it uses are not there. */
export function inputsOf(
  { objective, queue }: LossTerm,
  { views, teacher, student }: Pick<ObjectiveInputs, "views" | "teacher" | "student">,
): ObjectiveInputs {
  return {
    views: views.slice(0, objective.views),
    teacher: objective.usesTeacher ? teacher.slice(0, objective.views) : [],
    student,
    get queue(): Queue {
      if (queue) return queue;
      throw new Error("The objective says `usesQueue: false`, but reads the queue; drop one of the two");
    },
  };
}
