/**
 * Kernels beside and in place of tfjs-node's: gradients of convolutions with explicit padding (PyTorch's, which is
 * not TensorFlow's SAME when the stride is 2), and fused operations that tfjs has no name for.
 *
 * @module
 */
import { FUSED_KERNEL, tf } from "@seed/core";
import { type Attribute, AttributeType } from "./attributes.ts";
import { BACKEND, type Backend } from "./backend.ts";
import { DataType } from "./c_api.ts";
import { runFused } from "./fused_function.ts";
import type { Processor } from "./processor.ts";

type Inputs = Record<string, tf.TensorInfo>;
// deno-lint-ignore no-explicit-any
type Attributes = Record<string, any>;
type Kernel = (backend: Backend, inputs: Inputs, attrs: Attributes) => tf.TensorInfo | tf.TensorInfo[];

/** Registers them all; the ones that tfjs-node has too are replaced. */
export function registerKernels(processor: Processor): void {
  register("Conv2DBackpropInput", (backend, { dy, filter }, attrs) => {
    const sizes = tf.tensor1d(attrs.inputShape, "int32");
    return backend.executeSingleOutput("Conv2DBackpropInput", convAttributes(attrs, true), [
      sizes,
      filter,
      dy,
    ]);
  });
  register("Conv2DBackpropFilter", (backend, { x, dy }, attrs) => {
    if (!processor.avx512 && isPointwise(attrs)) return pointwiseFilterGradient(backend, { x, dy }, attrs);
    const sizes = tf.tensor1d(attrs.filterShape, "int32");
    return backend.executeSingleOutput("Conv2DBackpropFilter", convAttributes(attrs, true), [x, sizes, dy]);
  });
  register("DepthwiseConv2dNativeBackpropInput", (backend, { dy, filter }, attrs) => {
    const sizes = tf.tensor1d(attrs.inputShape, "int32"), op = "DepthwiseConv2dNativeBackpropInput";
    return backend.executeSingleOutput(op, convAttributes(attrs, false), [sizes, filter, dy]);
  });
  register("DepthwiseConv2dNativeBackpropFilter", (backend, { x, dy }, attrs) => {
    const sizes = tf.tensor1d(attrs.filterShape, "int32"), op = "DepthwiseConv2dNativeBackpropFilter";
    const pad = oneDnnIsSlow(x, attrs) ? explicitSame(attrs) : attrs.pad;
    return backend.executeSingleOutput(op, convAttributes({ ...attrs, pad }, false), [x, sizes, dy]);
  });
  register(
    FUSED_KERNEL,
    (backend, inputs, { body }) => runFused(backend, body, Object.values(inputs) as tf.Tensor[]),
  );
  register("SeedBatchNorm", fusedBatchNorm);
  register("SeedBatchNormGrad", fusedBatchNormGrad);
  register(
    "SeedBiasAdd",
    (backend, { x, bias }) =>
      backend.executeSingleOutput("BiasAdd", [FLOAT, attribute("data_format", "STRING", "NHWC")], [x, bias]),
  );
}

/** A single tap of stride 1: each pixel's channels are multiplied by one matrix. */
function isPointwise({ filterShape: [height, width], strides }: Attributes): boolean {
  return height === 1 && width === 1 && [strides].flat().every((stride: number) => stride === 1);
}

/**
 * As the matrix product that it is: without AVX-512, oneDNN takes 1.1 to 2.4 times as long for the same as a
 * convolution's gradient (EfficientNet-B0's shapes, batch 32, 2026-11-25).
 */
function pointwiseFilterGradient(
  backend: Backend,
  { x, dy }: Inputs,
  { filterShape }: Attributes,
): tf.TensorInfo {
  const pixels = (map: tf.TensorInfo) => tf.reshape(map as tf.Tensor, [-1, map.shape[3]]);
  const attributes = [
    FLOAT,
    attribute("transpose_a", "BOOL", true),
    attribute("transpose_b", "BOOL", false),
  ];
  const product = backend.executeSingleOutput("MatMul", attributes, [pixels(x), pixels(dy)]);
  return tf.reshape(product as tf.Tensor, filterShape);
}

/**
 * Whether oneDNN would compute a depthwise filter's gradient without its kernel for them, which is for 3 x 3 taps that
 * do not reach over the whole map: by unfolding the input, or as a grouped convolution's.
 */
function oneDnnIsSlow({ shape }: tf.TensorInfo, attrs: Attributes): boolean {
  const [, height, width] = shape, [kernel] = attrs.filterShape;
  const isSame = attrs.pad === "same" && [attrs.strides].flat().every((stride) => stride === 1);
  return isSame && (kernel > 3 || Math.min(height, width) < kernel);
}

/** Padding `same` of stride 1 in numbers: oneDNN leaves explicit padding to TensorFlow's kernel here. */
function explicitSame({ filterShape: [height, width] }: Attributes): number[][] {
  const sides = (kernel: number) => [(kernel - 1) >> 1, kernel >> 1];
  return [[0, 0], sides(height), sides(width), [0, 0]];
}

/**
 * Batch norm over the batch's own statistics. Outputs: y, batch mean, batch variance (unbiased, as running
 * statistics want it), and three reserves for the gradient.
 */
function fusedBatchNorm(
  backend: Backend,
  { x, scale, offset }: Inputs,
  { epsilon }: Attributes,
): tf.TensorInfo[] {
  const none = tf.tensor1d([]);
  const averaging = attribute("exponential_avg_factor", "FLOAT", 1);
  const attributes = [...batchNormAttributes(epsilon), averaging];
  return backend.executeMultipleOutputs("FusedBatchNormV3", attributes, [x, scale, offset, none, none], 6);
}

/** Gradients with respect to x, scale and offset. */
function fusedBatchNormGrad(backend: Backend, inputs: Inputs, { epsilon }: Attributes): tf.TensorInfo[] {
  const { dy, x, scale, reserve1, reserve2, reserve3 } = inputs;
  const ordered = [dy, x, scale, reserve1, reserve2, reserve3];
  return backend.executeMultipleOutputs("FusedBatchNormGradV3", batchNormAttributes(epsilon), ordered, 5)
    .slice(0, 3);
}

function batchNormAttributes(epsilon: number): Attribute[] {
  return [
    FLOAT,
    attribute("U", "TYPE", DataType.FLOAT),
    attribute("epsilon", "FLOAT", epsilon),
    attribute("data_format", "STRING", "NHWC"),
    attribute("is_training", "BOOL", true),
  ];
}

/** Attributes of a convolution from tfjs's. */
function convAttributes({ strides, pad, dilations }: Attributes, isFull: boolean): Attribute[] {
  const explicit = Array.isArray(pad) || typeof pad === "number";
  const padding = explicit ? "EXPLICIT" : String(pad).toUpperCase();
  const attributes = [
    FLOAT,
    attribute("strides", "INT", spread(strides)),
    attribute("padding", "STRING", padding),
    attribute("data_format", "STRING", "NHWC"),
    attribute("dilations", "INT", spread(dilations ?? 1)),
  ];
  if (isFull) attributes.push(attribute("use_cudnn_on_gpu", "BOOL", true));
  if (explicit) {
    const sides = Array.isArray(pad) ? pad.flat() : [0, 0, pad, pad, pad, pad, 0, 0];
    attributes.push(attribute("explicit_paddings", "INT", sides));
  }
  return attributes;
}

function spread(size: number | number[]): number[] {
  const [height, width] = Array.isArray(size) ? size : [size, size];
  return [1, height, width, 1];
}

function attribute(name: string, type: keyof typeof AttributeType, value: unknown): Attribute {
  return { name, type: AttributeType[type], value };
}

const FLOAT = attribute("T", "TYPE", DataType.FLOAT);

function register(kernelName: string, kernel: Kernel): void {
  const known = tf.getKernel(kernelName, BACKEND);
  if (known) tf.unregisterKernel(kernelName, BACKEND);
  tf.registerKernel({
    kernelName,
    backendName: BACKEND,
    kernelFunc: ({ inputs, backend, attrs }) =>
      kernel(backend as Backend, inputs as Inputs, attrs as Attributes),
  });
}
