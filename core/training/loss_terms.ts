import type { Objective, ObjectiveInputs, ObjectiveNeeds } from "../interfaces/objective.ts";
import type { Queue } from "../interfaces/queue.ts";
import type { Parameter } from "../interfaces/student.ts";
import { fillNeeds, type Needs, viewsOfAny } from "../recipe/objective_needs.ts";
import type { tf } from "../tf.ts";
import { VIEWS } from "../views/streams.ts";

/** One of the losses that a step minimises the weighted sum of. */
export interface LossTerm {
  /** Of its loss and its metrics in a step's record: `seed`, or `patches.seed`. */
  readonly name: string;
  readonly objective: Objective;
  /** The objective's state, under the names that checkpoints know it by. */
  readonly parameters: readonly Parameter[];
  readonly needs: Needs;
  /** Name of the stream of views that it is of. */
  readonly stream: string;
  /** Null if the objective needs none. */
  readonly queue: Queue | null;
  /** What checkpoints call the queue: `queue`, `small_queue`, `queue_2`, `small_2_queue`... */
  readonly queueName: string;
  readonly weight: number;
}

/** A single objective on the views, as a recipe without lists or patches has it. */
export function singleTerm(objective: Objective, needs: ObjectiveNeeds, queue: Queue | null): LossTerm {
  return {
    ...{ name: "loss", objective, parameters: objective.parameters ?? [], needs: fillNeeds(needs) },
    ...{ stream: VIEWS, queue, queueName: "queue", weight: 1 },
  };
}

/** What objectives look at in a stream of views, all together. */
export interface Seen {
  /** Numbers of the views that the student is trained on, in the order of its passes, and that the teacher sees. */
  readonly studentViews: readonly number[];
  readonly teacherViews: readonly number[];
  /** Whether the maps of these views are looked at. */
  readonly maps: boolean;
}

/** Adds up what the terms of a stream look at. */
export function seenBy(terms: readonly LossTerm[]): Seen {
  return {
    studentViews: viewsOfAny(terms, ({ studentViews }) => studentViews),
    teacherViews: viewsOfAny(terms, ({ teacherViews }) => teacherViews),
    maps: terms.some(({ needs }) => needs.maps),
  };
}

/** What networks have made of a stream of views: embeddings of those that are `seen`, in their order. */
export interface StreamOutputs {
  readonly views: readonly tf.Tensor4D[];
  readonly studentEmbeddings: readonly tf.Tensor2D[];
  readonly studentFeatures: readonly tf.Tensor2D[];
  readonly teacherEmbeddings: readonly tf.Tensor2D[];
  /** Empty if no term looks at maps. */
  readonly studentMaps: readonly tf.Tensor4D[];
  readonly teacherMaps: readonly tf.Tensor4D[];
  readonly noise?: readonly tf.Tensor2D[];
}

/** The inputs of a term's objective; those that it does not say it needs are not there. */
export function inputsOf(
  { needs, queue }: Pick<LossTerm, "needs" | "queue">,
  outputs: StreamOutputs,
  seen: Seen,
  progress: ObjectiveInputs["progress"],
): ObjectiveInputs {
  const of = <T>(rows: readonly T[], views: readonly number[], all: readonly number[]) =>
    views.map((view) => rows[all.indexOf(view)]);
  const { studentViews, teacherViews, maps } = needs;
  return {
    views: outputs.views.slice(0, needs.views),
    studentEmbeddings: of(outputs.studentEmbeddings, studentViews, seen.studentViews),
    studentFeatures: of(outputs.studentFeatures, studentViews, seen.studentViews),
    teacherEmbeddings: of(outputs.teacherEmbeddings, teacherViews, seen.teacherViews),
    studentMaps: maps ? of(outputs.studentMaps, studentViews, seen.studentViews) : [],
    teacherMaps: maps ? of(outputs.teacherMaps, teacherViews, seen.teacherViews) : [],
    progress,
    noise: needs.noise ? outputs.noise : undefined,
    get queue(): tf.Tensor2D {
      if (queue) return queue.embeddings as tf.Tensor2D;
      throw new Error(
        "The objective reads the queue, but does not say that it needs one; add `queue: true` to its needs()",
      );
    },
  };
}

/** The state of all objectives, each once. */
export function stateOf(terms: readonly LossTerm[]): Parameter[] {
  return [...new Map(terms.map(({ objective, parameters }) => [objective, parameters])).values()].flat();
}
