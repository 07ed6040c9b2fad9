import type { Parameter } from "../../interfaces/student.ts";
import { tf } from "../../tf.ts";

/** Turns gradients into new weights. */
export interface Optimizer extends Disposable {
  /** The weights that it changes: those that are trainable and not frozen, in the network's order. */
  readonly trained: readonly Parameter[];
  /** What a checkpoint must hold besides the weights, named `optimizer.<what>.<weight's name>`. */
  readonly state: readonly Parameter[];

  /**
   * Numbers that change from step to step, reckoned in double precision.
   *
   * @param lr The learning rate.
   * @param step Number of the step in the run; the first is 0.
   */
  numbers(lr: number, step: number): number[];

  /**
   * Changes the weights. Callable inside a traced function.
   *
   * @param gradients One a trained weight, in their order and shapes.
   * @param numbers What `numbers()` gave, as scalars.
   */
  update(gradients: readonly tf.Tensor[], numbers: readonly tf.Tensor[]): void;
}

/** Those of parameters that an optimizer changes. */
export function trainedOf(parameters: readonly Parameter[]): Parameter[] {
  return parameters.filter(({ trainable, frozen }) => trainable && !frozen);
}

/** Which weights decay shrinks: `weights` leaves out biases and norms. */
export type DecayOn = "all" | "weights";

/** True for biases and the scales and shifts of norms: they have one dimension. */
export function isVector({ kind }: Parameter): boolean {
  return kind === "vector";
}

/** Whether decay shrinks a weight. */
export function decays(
  parameter: Parameter,
  { weightDecay, weightDecayOn }: { weightDecay: number; weightDecayOn?: DecayOn },
): boolean {
  return weightDecay > 0 && !(weightDecayOn === "weights" && isVector(parameter));
}

/** A value of an optimizer's beside each weight, zero at first. */
export function zerosBeside(trained: readonly Parameter[], what: string): Parameter[] {
  return trained.map(({ name, kind, variable }) => ({
    name: `optimizer.${what}.${name}`,
    kind,
    variable: tf.tidy(() => tf.variable(tf.zerosLike(variable), false)),
    trainable: false,
  }));
}

/** Disposes of an optimizer's values. */
export function disposeState(state: readonly Parameter[]): void {
  for (const { variable } of state) variable.dispose();
}
