import type { tf } from "../tf.ts";

/** Arithmetic of a traced function: `auto` is 16 bits where the device computes in them natively, else fp32. */
export type Precision = "fp32" | "bf16" | "auto";

/** Where the arithmetic runs. */
export type Device = "cpu" | "gpu";

/** A function of tensors and variables that the engine runs as one operation. */
export interface TracedFunction extends Disposable {
  /**
   * Runs the function without blocking the event loop. The caller owns the returned tensors. Variables that the
   * function assigned hold their new values when the promise resolves, and inputs may be disposed of. Where
   * {@link Engine.queuesCalls} says so all of these may still be being computed: whoever reads a tensor waits for it, and
   * is thrown what went wrong.
   *
   * @throws {Error} If an input's shape or dtype differs from the first call's, also where nothing is traced; the
   *   message names the function. {@link TracedInputs} checks it.
   */
  call(...inputs: tf.Tensor[]): Promise<tf.Tensor[]>;
}

/** Options of {@link Engine.trace}. */
export interface TraceOptions {
  /** Names the function in errors and profiles. */
  name: string;
  /** Default `fp32`. */
  precision?: Precision;
  /**
   * True for what trains: `tf.matMul`, and what follows from it, stays in fp32 whatever the precision; only convolutions,
   * {@link product} and the maps between them may leave it. Default: all of the function may.
   */
  training?: boolean;
  /**
   * Tensors that several functions have in common: a frozen network's weights. An engine that is as fast so reads them
   * where they are, instead of keeping a copy of them in each function. They must live as long as the function, and
   * keep their values. Default: none.
   */
  shared?: readonly tf.Tensor[];
}

/**
 * What computes. Tensors are TensorFlow.js tensors; an engine registers the kernels behind them and can turn a
 * function of many operations into one.
 */
export interface Engine extends AsyncDisposable {
  /** For example `tensorflow`. */
  readonly name: string;
  /** Version of the library that computes, for `run.json`. */
  readonly version: string;
  readonly device: Device;
  /** False if every call runs operation by operation (`engine.trace: false`, for debugging). */
  readonly traces: boolean;
  /** How many devices share each call. Default 1. */
  readonly deviceCount?: number;
  /**
   * True if a call resolves as soon as the device has been given it, so that several wait for the device and it never
   * waits for the next. Steps are then read one late. An engine that says so bounds how many wait. Default: a call
   * resolves when it has run.
   */
  readonly queuesCalls?: boolean;

  /**
   * The arithmetic that a traced function of this precision really has here: `auto` depends on the device, and on
   * whether the function trains. An engine that computes in fp32 alone, or that traces nothing, says so whatever the
   * precision. Convolutions in TF32 count as fp32.
   *
   * @throws {RunError} If the device does not have the precision, which only `bf16` may be: {@link trace} refuses it too.
   */
  arithmetic(precision: Precision, options?: Pick<TraceOptions, "training">): "fp32" | "bf16" | "fp16";

  /**
   * Makes `fn` one operation. At the first call `fn` runs once on tensors of the inputs' shapes and dtypes; later
   * calls repeat what it recorded. Inside, `tf` is used as ever:
   * gradients, `tf.tidy`, `variable.assign(value)`. A `tf.Variable` that `fn` reads is read anew at each call; any
   * other tensor it closes over is a constant of the graph, unless it is {@link TraceOptions.shared}. Data cannot be read inside.
   *
   * @throws {RunError} If the device does not have the precision.
   */
  trace(fn: (...inputs: tf.Tensor[]) => tf.Tensor[], options: TraceOptions): TracedFunction;

  /**
   * Copies pixels to the device.
   *
   * @param pixels `[batch, height, width, channels]` uint8, row-major.
   * @returns the same shape, float32 in 0..255, owned by the caller.
   */
  upload(pixels: Uint8Array, shape: [number, number, number, number]): tf.Tensor4D;
}
