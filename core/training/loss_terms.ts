import type { Objective, ObjectiveInputs } from "../interfaces/objective.ts";
import type { Queue } from "../interfaces/queue.ts";

/** Which of a step's views a loss is of: 0 are the views, 1 and on the recipe's small patches in their order. */
export type Stream = number;

/** One of the losses that a step minimises the weighted sum of. */
export interface LossTerm {
  readonly objective: Objective;
  /** Null if the objective uses none. */
  readonly queue: Queue | null;
  /** What checkpoints call the queue: `queue`, `small_queue`, `queue_2`, `small_2_queue`... */
  readonly queueName: string;
  readonly weight: number;
  readonly stream: Stream;
}

/** A single objective on the views, as a recipe without lists or patches has it. */
export function singleTerm(objective: Objective, queue: Queue | null): LossTerm {
  return { objective, queue, queueName: "queue", weight: 1, stream: 0 };
}

/** What the losses of a step need of its batch, all together. */
export interface BatchNeeds {
  views: number;
  /** Numbers of the views that are of neighbours. */
  neighbourViews: readonly number[];
  /** Images that neighbours are drawn from, the most of any loss; 0: none looks at neighbours. */
  bag: number;
  /** Numbers of the views that the teacher sees, ascending. */
  teacherViews: readonly number[];
}

/** Adds up what the terms need. */
export function needsOf(terms: readonly LossTerm[]): BatchNeeds {
  const objectives = terms.map(({ objective }) => objective);
  const all = (viewsOf: (objective: Objective) => readonly number[]) =>
    [...new Set(objectives.flatMap(viewsOf))].sort((a, b) => a - b);
  return {
    views: Math.max(...objectives.map(({ views }) => views)),
    neighbourViews: all(({ neighbours }) => neighbours?.views ?? []),
    bag: Math.max(...objectives.map(({ neighbours }) => neighbours?.bag ?? 0)),
    teacherViews: all(teacherViewsOf),
  };
}

/** Numbers of the views that the teacher sees for an objective. */
export function teacherViewsOf({ usesTeacher, views, teacherViews }: Objective): readonly number[] {
  if (!usesTeacher) return [];
  return teacherViews ?? Array.from({ length: views }, (_, view) => view);
}

/**
 * The inputs of a term's objective; those that it does not say it uses are not there.
 *
 * @param batch.teacher The teacher's embedding of each of the views `seen`, in their order.
 * @param batch.noise Random numbers for networks of the objective's own.
 */
export function inputsOf(
  { objective, queue }: LossTerm,
  { views, teacher, seen, student, noise }:
    & Pick<ObjectiveInputs, "views" | "teacher" | "student" | "noise">
    & { seen: readonly number[] },
): ObjectiveInputs {
  return {
    views: views.slice(0, objective.views),
    teacher: teacherViewsOf(objective).map((view) => teacher[seen.indexOf(view)]),
    student,
    noise: objective.usesNoise ? noise : undefined,
    get queue(): Queue {
      if (queue) return queue;
      throw new Error("The objective says `usesQueue: false`, but reads the queue; drop one of the two");
    },
  };
}
