import {
  type Device,
  EagerFunction,
  type Engine,
  mendHostKernels,
  RunError,
  tf,
  type TraceOptions,
} from "@seed/core";

/** tfjs's pure-JavaScript backend as an engine: needs no download, runs operation by operation. */
export class EagerEngine implements Engine {
  readonly name = "eager";
  readonly version = tf.version_core;
  readonly device = "cpu";
  readonly traces = false;

  private constructor() {}

  /**
   * Makes tfjs's `cpu` backend the active one.
   *
   * @throws {RunError} If a GPU is asked for.
   */
  static async open({ device = "cpu" }: { device?: Device | "auto" } = {}): Promise<EagerEngine> {
    if (device === "gpu") {
      throw new RunError(
        'The recipe asks for engine.device "gpu", but the eager engine runs on processors; set engine.device to "cpu", or take another engine',
      );
    }
    mendHostKernels();
    await tf.setBackend("cpu");
    return new EagerEngine();
  }

  arithmetic(): "fp32" {
    return "fp32";
  }

  trace(fn: (...inputs: tf.Tensor[]) => tf.Tensor[], { name }: TraceOptions): EagerFunction {
    return new EagerFunction(name, fn);
  }

  upload(pixels: Uint8Array, shape: [number, number, number, number]): tf.Tensor4D {
    return tf.tensor4d(Float32Array.from(pixels), shape);
  }

  /** Nothing: the backend is tfjs's own, and stays. */
  async [Symbol.asyncDispose](): Promise<void> {}
}
