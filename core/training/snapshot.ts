import { tf } from "../tf.ts";

/** The values of variables at one moment. They are shared, not copied, until a variable is assigned anew. */
export class Snapshot implements Disposable {
  readonly #values: tf.Tensor[];

  constructor(private readonly variables: readonly tf.Variable[]) {
    this.#values = variables.map((variable) => variable.clone());
  }

  /** What a variable was, or is if it is none of these; the snapshot's. */
  valueOf(variable: tf.Variable): tf.Tensor {
    return this.#values[this.variables.indexOf(variable)] ?? variable;
  }

  /** Gives the variables these values again. */
  restore(): void {
    this.variables.forEach((variable, i) => variable.assign(this.#values[i]));
  }

  [Symbol.dispose](): void {
    tf.dispose(this.#values);
  }
}
