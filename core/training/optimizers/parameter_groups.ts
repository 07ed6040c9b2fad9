import type { Parameter } from "../../interfaces/student.ts";
import type { tf } from "../../tf.ts";
import { type Optimizer, trainedOf } from "./optimizer.ts";

/** Parameters with a rate of their own. */
export interface ParameterGroup {
  includes(parameter: Parameter): boolean;
  /** Their rate, as a multiple of the schedule's. */
  readonly factor: number;
}

/** Optimizers of one kind side by side, each with a rate of its own: PyTorch's parameter groups. */
export class ParameterGroups implements Optimizer {
  readonly trained: readonly Parameter[];
  readonly state: readonly Parameter[];
  readonly #groups: readonly { optimizer: Optimizer; factor: number; places: readonly number[] }[];

  /**
   * @param groups A parameter is of the first that includes it; every one must be of one.
   * @param make Makes a group's optimizer.
   */
  constructor(
    parameters: readonly Parameter[],
    groups: readonly ParameterGroup[],
    make: (parameters: readonly Parameter[]) => Optimizer,
  ) {
    this.trained = trainedOf(parameters);
    const groupOf = this.trained.map((parameter) => groups.find((group) => group.includes(parameter)));
    this.#groups = groups.map((group) => {
      const places = this.trained.flatMap((_, i) => groupOf[i] === group ? [i] : []);
      return { optimizer: make(places.map((i) => this.trained[i])), factor: group.factor, places };
    });
    this.state = this.#groups.flatMap(({ optimizer }) => optimizer.state);
  }

  numbers(lr: number, step: number): number[] {
    return this.#groups.flatMap(({ optimizer, factor }) => optimizer.numbers(factor * lr, step));
  }

  update(gradients: readonly tf.Tensor[], numbers: readonly tf.Tensor[]): void {
    const each = numbers.length / this.#groups.length;
    this.#groups.forEach(({ optimizer, places }, i) =>
      optimizer.update(places.map((place) => gradients[place]), numbers.slice(i * each, (i + 1) * each))
    );
  }

  [Symbol.dispose](): void {
    for (const { optimizer } of this.#groups) optimizer[Symbol.dispose]();
  }
}
