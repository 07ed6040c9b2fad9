/**
 * What the parts of a batch have learnt, as one vector that can be added up: the parts of a step that run one after
 * the other (`train.accumulate`), and those of several processes.
 *
 * @module
 */
import { tf } from "../tf.ts";
import { type FigureNames, type Figures, listed, named, namesOf } from "./figures.ts";

/** What one part of a batch has learnt, or the mean of all parts. */
export interface LearntPart {
  readonly figures: Figures<tf.Scalar>;
  /** One a trained weight. */
  readonly gradients: readonly tf.Tensor[];
}

/**
 * Puts gradients, figures and running statistics into a vector and takes them out again. Its layout is that of the
 * first part that was packed; all are alike.
 */
export class LearntVector {
  #layout: {
    gradients: readonly number[][];
    figures: FigureNames;
    /** Variables that the passes of a part change beside its gradients: running statistics. */
    statistics: readonly tf.Variable[];
  } | null = null;

  /** @param variables All that a pass may change. */
  constructor(private readonly variables: readonly tf.Variable[]) {}

  /**
   * Runs a part and packs what it learns. Running statistics go into the vector and are put back, so that each part
   * begins with those of the step's start. Callable inside a traced function.
   *
   * @returns the vector, `[gradients + losses + metrics + statistics]` float32, and the rest of what `learn` returns.
   */
  pack<T extends LearntPart>(learn: () => T): { vector: tf.Tensor1D; learnt: T } {
    const before = this.variables.map((variable) => tf.clone(variable));
    const learnt = learn(), { figures, gradients } = learnt;
    const changed = this.variables.flatMap((variable, i) => variable.dataId === before[i].dataId ? [] : [i]);
    const statistics = changed.map((i) => tf.cast(this.variables[i], "float32"));
    const scalars = listed(figures).map((scalar) => tf.cast(scalar, "float32"));
    const vector = tf.concat(
      [...gradients, ...scalars, ...statistics].map((tensor) => tf.reshape(tensor, [-1]) as tf.Tensor1D),
    );
    for (const i of changed) this.variables[i].assign(before[i]);
    this.#layout = {
      gradients: gradients.map(({ shape }) => shape),
      figures: namesOf(figures),
      statistics: changed.map((i) => this.variables[i]),
    };
    return { vector, learnt };
  }

  /**
   * Takes the mean of the parts out of the sum of their vectors, and gives the running statistics theirs. Callable
   * inside a traced function.
   *
   * @param parts How many vectors were added.
   */
  unpack(sum: tf.Tensor1D, parts: number): LearntPart {
    if (!this.#layout) throw new Error("A vector of learnt parts is unpacked before one was packed");
    const { gradients, figures, statistics } = this.#layout;
    const scalars = 1 + figures.losses.length + figures.metrics.length;
    const shapes = [
      ...gradients,
      ...Array<number[]>(scalars).fill([]),
      ...statistics.map(({ shape }) => shape),
    ];
    const pieces = tf.split(tf.div(sum, parts), shapes.map((shape) => tf.util.sizeFromShape(shape)))
      .map((piece, i) => tf.reshape(piece, shapes[i]));
    const told = pieces.slice(gradients.length, gradients.length + scalars) as tf.Scalar[];
    statistics.forEach((variable, i) =>
      variable.assign(tf.cast(pieces[gradients.length + scalars + i], variable.dtype as "float32"))
    );
    return {
      figures: named(figures, told),
      gradients: pieces.slice(0, gradients.length),
    };
  }
}
