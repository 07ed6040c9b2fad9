import { needsInitialValues, type Parameter, type ParameterKind, Random, tf } from "@seed/core";
import type { Initializer } from "./initializer.ts";
import type { ParameterSource } from "./parameters.ts";

/** Makes every value new, as a variable. A value depends on the seed and its name alone. */
export class TrainableParameters implements ParameterSource, Disposable {
  readonly frozen = false;
  readonly parameters: Parameter[] = [];

  /** @param isFrozen Which values training is to leave as they are; default: none. */
  constructor(private readonly seed: number, readonly isFrozen: (name: string) => boolean = () => false) {}

  get(
    name: string,
    kind: ParameterKind,
    shape: readonly number[],
    init: Initializer,
    trainable = true,
  ): tf.Variable {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    if (needsInitialValues()) {
      const random = new Random(this.seed, "init", name);
      for (let i = 0; i < values.length; i++) values[i] = init(random, i); // a loop: there are millions
    }
    const initial = tf.tensor(values, [...shape]);
    const variable = tf.variable(initial, trainable);
    initial.dispose();
    const frozen = this.isFrozen(name);
    this.parameters.push({ name, kind, variable, trainable, ...frozen && { frozen } });
    return variable;
  }

  [Symbol.dispose](): void {
    for (const { variable } of this.parameters) variable.dispose();
  }
}
