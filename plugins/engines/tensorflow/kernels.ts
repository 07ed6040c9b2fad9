/**
 * Kernels beside and in place of tfjs-node's: gradients of convolutions with explicit padding (PyTorch's, which is
 * not TensorFlow's SAME when the stride is 2), and fused operations that tfjs has no name for.
 *
 * @module
 */
import {
  BATCH_NORM_GRADIENT_KERNEL,
  BATCH_NORM_KERNEL,
  BIAS_ADD_KERNEL,
  FUSED_KERNEL,
  PRODUCT_KERNEL,
  tf,
} from "@seed/core";
import { type Attribute, AttributeType } from "./attributes.ts";
import { BACKEND, type Backend } from "./backend.ts";
import { DataType } from "./c_api.ts";
import { runFused } from "./fused_function.ts";

type Inputs = Record<string, tf.TensorInfo>;
type Attributes = Record<string, any>;
type Kernel = (backend: Backend, inputs: Inputs, attrs: Attributes) => tf.TensorInfo | tf.TensorInfo[];

/** Registers them all; the ones that tfjs-node has too are replaced. */
export function registerKernels({ oneDnn }: { oneDnn: boolean }): void {
  register("Conv2DBackpropInput", (backend, { dy, filter }, attrs) => {
    if (isPointwise(attrs, filter.shape, attrs.inputShape)) {
      return pointwiseInputGradient(backend, { dy, filter }, attrs);
    }
    const sizes = tf.tensor1d(attrs.inputShape, "int32");
    return backend.executeSingleOutput("Conv2DBackpropInput", convAttributes(attrs, true), [
      sizes,
      filter,
      dy,
    ]);
  });
  register("Conv2DBackpropFilter", (backend, { x, dy }, attrs) => {
    if (isPointwise(attrs, attrs.filterShape, x.shape)) {
      return pointwiseFilterGradient(backend, { x, dy }, attrs);
    }
    const sizes = tf.tensor1d(attrs.filterShape, "int32"), op = "Conv2DBackpropFilter";
    return inFp32(backend, backend.executeSingleOutput(op, convAttributes(attrs, true), [x, sizes, dy]));
  });
  register("DepthwiseConv2dNativeBackpropInput", (backend, { dy, filter }, attrs) => {
    const spacing = oneDnn ? spacingOfGradient({ dy, filter }, attrs) : null;
    if (spacing) return depthwiseInputGradient({ dy, filter }, spacing);
    const sizes = tf.tensor1d(attrs.inputShape, "int32"), op = "DepthwiseConv2dNativeBackpropInput";
    return backend.executeSingleOutput(op, convAttributes(attrs, false), [sizes, filter, dy]);
  });
  register("DepthwiseConv2dNativeBackpropFilter", (backend, { x, dy }, attrs) => {
    const sizes = tf.tensor1d(attrs.filterShape, "int32"), op = "DepthwiseConv2dNativeBackpropFilter";
    const run = (x: tf.TensorInfo, pad: unknown) =>
      inFp32(
        backend,
        backend.executeSingleOutput(op, convAttributes({ ...attrs, pad }, false), [x, sizes, dy]),
      );
    if (oneDnnIsSlow(x, attrs)) return run(x, explicitSame(attrs));
    if (!paysToPad(backend, attrs)) return run(x, attrs.pad);
    return run(tf.pad(x as tf.Tensor, attrs.pad), "valid");
  });
  register(
    FUSED_KERNEL,
    (backend, inputs, { body }) => runFused(backend, body, Object.values(inputs) as tf.Tensor[]),
  );
  register(
    PRODUCT_KERNEL,
    (backend, { a, b }, { transposeA, transposeB }) =>
      product(backend, [a as tf.Tensor, transposeA], [b as tf.Tensor, transposeB]),
  );
  register(BATCH_NORM_KERNEL, fusedBatchNorm);
  register(BATCH_NORM_GRADIENT_KERNEL, fusedBatchNormGrad);
  register(
    BIAS_ADD_KERNEL,
    (backend, { x, bias }) =>
      backend.executeSingleOutput("BiasAdd", [FLOAT, attribute("data_format", "STRING", "NHWC")], [x, bias]),
  );
}

/** Gradients of a filter that several passes use are added up: in fp32, whatever each was computed in. */
function inFp32(backend: Backend, gradient: tf.Tensor): tf.Tensor {
  if (!recordsInBf16(backend)) return gradient;
  return backend.executeSingleOutput("Cast", [
    attribute("SrcT", "TYPE", DataType.FLOAT),
    attribute("DstT", "TYPE", DataType.FLOAT),
  ], [gradient]);
}

/** A single tap of stride 1, not in groups: each pixel's channels are multiplied by one matrix. */
function isPointwise({ strides }: Attributes, [height, width, inputs]: number[], map: number[]): boolean {
  const isTap = height === 1 && width === 1 && inputs === map[3];
  return isTap && [strides].flat().every((stride: number) => stride === 1);
}

/**
 * As the matrix product that it is: oneDNN takes 1.1 to 2.4 times as long without AVX-512, 1.45 times with it, for
 * the same as a convolution's gradient (EfficientNet-B0's shapes, batch 32, 2026-11-25 and 26).
 */
function pointwiseFilterGradient(
  backend: Backend,
  { x, dy }: Inputs,
  { filterShape }: Attributes,
): tf.TensorInfo {
  return tf.reshape(inFp32(backend, product(backend, [pixels(x), true], [pixels(dy), false])), filterShape);
}

/** As the matrix product that it is: 0.93 of the time with AVX-512. */
function pointwiseInputGradient(
  backend: Backend,
  { dy, filter }: Inputs,
  { inputShape }: Attributes,
): tf.TensorInfo {
  const [inputs, outputs] = filter.shape.slice(2),
    matrix = tf.reshape(filter as tf.Tensor, [inputs, outputs]);
  return tf.reshape(product(backend, [pixels(dy), false], [matrix, true]), inputShape);
}

/** A row a pixel. */
function pixels(map: tf.TensorInfo): tf.Tensor {
  return tf.reshape(map as tf.Tensor, [-1, map.shape[3]]);
}

type Factor = readonly [matrix: tf.Tensor, transposed: boolean];

/** Not tfjs's `matMul`, and by operations that it does not use: this takes part in a function's precision. */
function product(backend: Backend, [a, transposeA]: Factor, [b, transposeB]: Factor): tf.Tensor {
  const [op, ...names] = a.rank === 2
    ? ["MatMul", "transpose_a", "transpose_b"]
    : ["BatchMatMul", "adj_x", "adj_y"];
  const attributes = [transposeA, transposeB].map((transposed, i) => attribute(names[i], "BOOL", transposed));
  return backend.executeSingleOutput(op, [FLOAT, ...attributes], [a, b]);
}

/** Where the pixels of a strided convolution's result lie in a map as large as its input. */
interface Spacing {
  stride: number;
  /** Rows above the first. */
  above: number;
  /** Columns to the left of the first. */
  left: number;
}

/**
 * Null if a depthwise convolution's gradient is not a convolution of stride 1 with padding `same`: of another dilation
 * or padding, several results a channel, an even kernel, a map that the stride does not divide.
 */
function spacingOfGradient({ dy, filter }: Inputs, { inputShape, strides, pad, dilations }: Attributes) {
  const [kernel, kernelWidth, , multiplier] = filter.shape, [stride, strideX] = [strides, strides].flat();
  const offset = (axis: 1 | 2) => {
    const whole = (dy.shape[axis] - 1) * stride + kernel - inputShape[axis];
    const before = pad === "same"
      ? Math.max(0, whole) >> 1
      : Array.isArray(pad)
      ? pad[axis][0]
      : Number(pad) || 0;
    return dy.shape[axis] * stride === inputShape[axis] ? (kernel >> 1) - before : -1;
  };
  const spacing: Spacing = { stride, above: offset(1), left: offset(2) };
  const fits = [spacing.above, spacing.left].every((n) => n >= 0 && n < stride);
  const isPlain = [dilations ?? 1].flat().every((dilation) => dilation === 1) && multiplier === 1;
  return fits && isPlain && stride === strideX && kernel === kernelWidth && kernel % 2 === 1 ? spacing : null;
}

/**
 * As the convolution that it is, with the filter turned round, of a map with zeros between a strided one's pixels:
 * oneDNN is 1.7 times as fast at it as it and TensorFlow are at the gradient (EfficientNet-B0's shapes, batch 32,
 * AVX-512, 2026-11-26).
 */
function depthwiseInputGradient({ dy, filter }: Inputs, { stride, above, left }: Spacing): tf.TensorInfo {
  return tf.tidy(() => {
    const turned = tf.reverse(filter as tf.Tensor, [0, 1]) as tf.Tensor4D;
    const map = stride === 1 ? dy as tf.Tensor4D : spaced(dy, { stride, above, left });
    return tf.depthwiseConv2d(map, turned, 1, "same");
  });
}

function spaced(map: tf.TensorInfo, { stride, above, left }: Spacing): tf.Tensor4D {
  const [batch, height, width, channels] = map.shape;
  const lines = tf.reshape(map as tf.Tensor, [batch * height, 1, width, 1, channels]);
  const around = (before: number): [number, number] => [before, stride - 1 - before];
  const padded = tf.pad(lines, [[0, 0], around(above), [0, 0], around(left), [0, 0]]);
  return tf.reshape(padded, [batch, height * stride, width * stride, channels]);
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

/**
 * Whether a depthwise filter's gradient is worth a padded copy: explicit padding keeps it from oneDNN, whose kernel for
 * 3 x 3 taps takes 0.6 of the time in bf16, and as long in fp32 (EfficientNet-B0's strided shapes, 2026-11-27).
 */
function paysToPad(backend: Backend, { pad, filterShape }: Attributes): boolean {
  return recordsInBf16(backend) && Array.isArray(pad) && filterShape[0] === 3;
}

function recordsInBf16({ binding }: Backend): boolean {
  return binding.recorder?.precision === "bf16";
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
