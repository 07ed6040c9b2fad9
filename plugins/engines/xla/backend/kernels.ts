/**
 * Kernels of the backend. Inside a trace they are recorded; outside, large ones run as programs of one operation, and
 * small ones on the host, by tfjs's own kernels.
 *
 * @module
 */
import { mendHostKernels, tf } from "@seed/core";
import type { Attributes, Lowering } from "../stablehlo/lowering.ts";
import { LOWERINGS } from "../stablehlo/lowerings.ts";
import { sizeOf } from "../stablehlo/value.ts";
import { cast } from "./autocast.ts";
import { BACKEND, type XlaBackend } from "./backend.ts";
import type { Write } from "./one_operation_programs.ts";
import type { Recorder } from "./recorder.ts";

type TensorInputs = Readonly<Record<string, tf.TensorInfo>>;
type Kernel = (params: Parameters<tf.KernelFunc>[0]) => tf.TensorInfo | tf.TensorInfo[];

/** Kernels that only give another view of the same values: tfjs's do, wherever the values are. */
const VIEWS = new Set(["ExpandDims", "Identity", "Reshape"]);

/**
 * From so many elements of an input on, an operation is worth a program: to compile one takes 0.02 to 0.15 s. It does not
 * matter where the input lies: a run that is resumed has on the host what a whole one has on the device, and must round
 * as that one does.
 */
const LARGE = 100_000;

/** The same for multiplications of a product or a convolution. */
const MANY_PRODUCTS = 2_000_000;

let areRegistered = false;

/** Registers them with tfjs, once in a process. */
export function registerKernels(): void {
  if (areRegistered) return;
  areRegistered = true;
  mendHostKernels();
  const ofHost = new Map(tf.getKernelsForBackend("cpu").map((config) => [config.kernelName, config]));
  for (const kernelName of new Set([...ofHost.keys(), ...Object.keys(LOWERINGS)])) {
    const config = ofHost.get(kernelName);
    tf.registerKernel({
      ...config,
      ...{ kernelName, backendName: BACKEND },
      kernelFunc: kernelOf(kernelName, config?.kernelFunc as Kernel | undefined) as tf.KernelFunc,
    });
  }
}

function kernelOf(name: string, host: Kernel | undefined): Kernel {
  if (VIEWS.has(name)) return host!;
  const lowering = LOWERINGS[name];
  const onHost: Kernel = (params) => {
    // tfjs's kernels take values from the backend's map.
    for (const { dataId } of Object.values(params.inputs as TensorInputs)) {
      (params.backend as XlaBackend).readSync(dataId);
    }
    return host!(params);
  };
  return (params) => {
    const backend = params.backend as XlaBackend, inputs = params.inputs as TensorInputs;
    const attributes = (params.attrs ?? {}) as Attributes, { recorder } = backend;
    if (recorder) {
      if (lowering) return record(recorder, backend, name, lowering, inputs, attributes);
      if (host && Object.values(inputs).every((input) => recorder.isConstant(input))) return onHost(params);
      throw new Error(
        `The engine xla cannot trace the kernel "${name}", which "${recorder.name}" uses: compute it outside of the ` +
          "traced function, take another engine, or set engine.trace to false",
      );
    }
    const hostDoes = host && !isGrouped(name, inputs, attributes);
    if (!lowering || hostDoes && !isLarge(name, inputs, attributes)) return onHost(params);
    const write: Write = (b, values) => lowering(b, values, attributes, backend.options);
    const outputs = backend.oneOperationPrograms.runKernel(name, inputs, attributes, write);
    return outputs.length === 1 ? outputs[0] : outputs;
  };
}

function record(
  recorder: Recorder,
  backend: XlaBackend,
  name: string,
  lowering: Lowering,
  inputs: TensorInputs,
  attributes: Attributes,
): tf.TensorInfo | tf.TensorInfo[] {
  const { builder } = recorder;
  try {
    const values = Object.entries(inputs).map(([name, info]) => [name, recorder.valueOf(info)]);
    const given = cast(builder, name, Object.fromEntries(values), recorder.arithmetic);
    const outputs = lowering(builder, given, attributes, backend.options);
    return Array.isArray(outputs)
      ? outputs.map((value) => backend.fromSymbol(value))
      : backend.fromSymbol(outputs);
  } catch (error) {
    const shapes = Object.values(inputs).map(({ shape, dtype }) => `${dtype}[${shape}]`).join(", ");
    throw new Error(
      `The engine xla cannot trace the kernel "${name}" of ${shapes} in "${recorder.name}": ${
        (error as Error).message
      }`,
      { cause: error },
    );
  }
}

/** A convolution in groups, of which tfjs's kernels know nothing. */
function isGrouped(name: string, { x, filter }: TensorInputs, attributes: Attributes): boolean {
  if (!name.startsWith("Conv2D")) return false;
  const map: readonly number[] = attributes.inputShape ?? x.shape;
  return map[3] !== (attributes.filterShape ?? filter.shape)[2];
}

function isLarge(name: string, inputs: TensorInputs, attributes: Attributes): boolean {
  return Object.values(inputs).some(({ shape }) => sizeOf(shape) > LARGE) ||
    productsOf(name, inputs, attributes) > MANY_PRODUCTS;
}

/** About how many multiplications there are. */
function productsOf(name: string, inputs: TensorInputs, { transposeA, filterShape }: Attributes): number {
  if (name === "BatchMatMul") {
    const { a, b } = inputs, inner = a.shape.at(transposeA ? -2 : -1)!;
    return sizeOf(a.shape) * sizeOf(b.shape.slice(-2)) / inner;
  }
  if (!/Conv2d/i.test(name)) return 0;
  const map = inputs.dy ?? inputs.x, filter: readonly number[] = filterShape ?? inputs.filter.shape;
  // Each of the map's channels meets each tap, and those of the other map unless it is depthwise.
  const meets = name.startsWith("Depthwise") ? filter.slice(0, 2) : filter;
  const channels = name.startsWith("Depthwise") ? 1 : map.shape[3];
  return sizeOf(map.shape) * sizeOf(meets) / channels;
}
