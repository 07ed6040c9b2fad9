import type { Engine, TracedFunction } from "../interfaces/engine.ts";
import { tf } from "../tf.ts";
import { TracedInputs } from "./traced_inputs.ts";

/**
 * What {@link Engine.trace} gives where nothing is traced: the body runs operation by operation at every call. For
 * debugging, and for engines that have no graphs. It refuses other shapes as a traced function does, so that what runs
 * with it also runs traced.
 */
export class EagerFunction implements TracedFunction {
  readonly #inputs: TracedInputs;

  constructor(name: string, private readonly body: (...inputs: tf.Tensor[]) => tf.Tensor[]) {
    this.#inputs = new TracedInputs(name);
  }

  // Asynchronous to be interchangeable with a traced function.
  // deno-lint-ignore require-await
  async call(...inputs: tf.Tensor[]): Promise<tf.Tensor[]> {
    this.#inputs.check(inputs);
    return tf.tidy(() => this.body(...inputs));
  }

  [Symbol.dispose](): void {}
}

/** The same engine, but operation by operation: what is slow or wrong only when traced shows beside it. */
export function untraced(engine: Engine): Engine {
  return {
    ...{ name: engine.name, version: engine.version, device: engine.device, traces: false },
    deviceCount: engine.deviceCount,
    arithmetic: () => "fp32",
    trace: (fn, { name }) => new EagerFunction(name, fn),
    upload: (pixels, shape) => engine.upload(pixels, shape),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}
