import type { tf } from "../tf.ts";

/** Shapes and dtypes that a traced function was first called with, and that every later call must have. */
export class TracedInputs {
  #first: string | null = null;

  /** @param name The function's, for the error. */
  constructor(private readonly name: string) {}

  /** @throws {Error} If they are of other shapes or dtypes than the first call's; says both. */
  check(inputs: readonly tf.Tensor[]): void {
    const got = inputs.map(({ shape, dtype }) => `${dtype}[${shape}]`).join(", ");
    this.#first ??= got;
    if (got === this.#first) return;
    throw new Error(
      `The traced function "${this.name}" was called with ${got}, but it was traced for ${this.#first}: pad the batch, or trace another function for the other shape`,
    );
  }
}
