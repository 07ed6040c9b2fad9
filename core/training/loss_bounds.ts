import type { ObjectiveResult } from "../interfaces/objective.ts";
import { tf } from "../tf.ts";

/** What the weighted sum of a step's losses is measured against, from what each objective tells of its own. */
export class LossBounds {
  readonly #told: { result: Pick<ObjectiveResult, "floor" | "uniform">; weight: number }[] = [];

  add(result: Pick<ObjectiveResult, "floor" | "uniform">, weight: number): void {
    this.#told.push({ result, weight });
  }

  /**
   * For the step's record: `loss_floor`, which no student's loss is below, and `loss_uniform`, that of a student which
   * gives all candidates the same probability. One that an objective does not tell is not there: of the sum nobody
   * knows it then. Callable inside a traced function.
   */
  metrics(): Record<string, tf.Scalar> {
    const floor = this.#sumOf("floor"), uniform = this.#sumOf("uniform");
    return { ...floor && { loss_floor: floor }, ...uniform && { loss_uniform: uniform } };
  }

  #sumOf(bound: "floor" | "uniform"): tf.Scalar | null {
    if (this.#told.some(({ result }) => result[bound] === undefined)) return null;
    const weighted = this.#told.map(({ result, weight }) => tf.mul(result[bound]!, weight));
    return weighted.reduce((sum, one) => tf.add(sum, one)) as tf.Scalar;
  }
}
