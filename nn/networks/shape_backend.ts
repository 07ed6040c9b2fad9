/**
 * A tfjs backend that computes shapes and counts multiplications, but no values: what a network costs, and which
 * operations it consists of, is found by running it, without a feature map in memory.
 *
 * @module
 */
import {
  BATCH_NORM_INFERENCE_KERNEL,
  type EngineBackend,
  LAYER_NORM_KERNEL,
  NORMALIZE_KERNEL,
  tf,
} from "@seed/core";

const NAME = "shapes";

/** An operation that was run on shapes. */
export interface Operation {
  /** tfjs's name of its kernel. */
  readonly kernel: string;
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly attributes: tf.NamedAttrMap;
  readonly output: tf.TensorInfo;
}

class ShapeBackend extends tf.KernelBackend implements EngineBackend {
  readonly groupedConvolution = true;
  /** Multiply-accumulates of convolutions and matrix products so far. */
  macs = 0;
  /** Is told each operation. */
  observe: (operation: Operation) => void = () => {};
  /** Values that are written, not computed: a network's own constants. */
  readonly #written = new WeakMap<tf.DataId, tf.BackendValues>();

  override write(values: tf.BackendValues): tf.DataId {
    const id = {};
    this.#written.set(id, values);
    return id;
  }

  override readSync(id: tf.DataId): tf.BackendValues {
    const values = this.#written.get(id);
    if (values) return values;
    throw new Error(
      "Cannot read a tensor that has a shape alone: a network must not read data while it runs",
    );
  }

  override disposeData(): boolean {
    return true;
  }

  override numDataIds(): number {
    return 0;
  }

  override incRef(): void {}

  override refCount(): number {
    return 1;
  }
}

type Shape = readonly number[];
type Rule = (inputs: any, attributes: any, backend: ShapeBackend) => Shape;

const sameAsInput: Rule = ({ x }) => x.shape;
const broadcast: Rule = ({ a, b }) => tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);

const convolution = (depthwise: boolean): Rule => ({ x, filter }, attributes, backend) => {
  const { strides, pad, dilations, dimRoundingMode } = attributes;
  const info = tf.backend_util.computeConv2DInfo(
    ...[x.shape, filter.shape, strides, dilations, pad, dimRoundingMode, depthwise] as const,
  );
  const [height, width, inputs] = filter.shape;
  backend.macs += tf.util.sizeFromShape(info.outShape) * height * width * (depthwise ? 1 : inputs);
  return info.outShape;
};

/** Output shapes by kernel; an operation that no network here uses yet needs a line. */
const RULES: Record<string, Rule> = {
  Identity: sameAsInput,
  Relu: sameAsInput,
  Relu6: sameAsInput,
  Sigmoid: sameAsInput,
  Rsqrt: sameAsInput,
  Erf: sameAsInput,
  Cast: sameAsInput,
  [BATCH_NORM_INFERENCE_KERNEL]: sameAsInput,
  [LAYER_NORM_KERNEL]: sameAsInput,
  [NORMALIZE_KERNEL]: sameAsInput,
  Add: broadcast,
  Sub: broadcast,
  Multiply: broadcast,
  Greater: broadcast,
  Reshape: ({ x }, { shape }) => tf.util.inferFromImplicitShape(shape, x.size),
  ExpandDims: ({ input }, { dim }) =>
    input.shape.toSpliced(dim < 0 ? input.shape.length + 1 + dim : dim, 0, 1),
  PadV2: ({ x }, { paddings }) =>
    x.shape.map((side: number, axis: number) => side + paddings[axis][0] + paddings[axis][1]),
  Mean: ({ x }, { axis, keepDims }) => {
    const axes = tf.util.parseAxisParam(axis, x.shape);
    const [kept] = tf.backend_util.computeOutAndReduceShapes(x.shape, axes);
    return keepDims ? tf.backend_util.expandShapeToKeepDim(kept, axes) : kept;
  },
  MaxPool: ({ x }, { filterSize, strides, pad, dimRoundingMode }) =>
    tf.backend_util.computePool2DInfo(x.shape, filterSize, strides, 1, pad, dimRoundingMode).outShape,
  BatchMatMul: ({ a, b }, { transposeA, transposeB }, backend) => {
    const [rows, inner] = transposeA ? a.shape.slice(-2).reverse() : a.shape.slice(-2);
    const columns = b.shape.at(transposeB ? -2 : -1);
    const batch = tf.backend_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    const shape = [...batch, rows, columns];
    backend.macs += tf.util.sizeFromShape(shape) * inner;
    return shape;
  },
  Softmax: ({ logits }) => logits.shape,
  Transpose: ({ x }, { perm }) => perm.map((axis: number) => x.shape[axis]),
  Slice: ({ x }, { begin, size }) => tf.slice_util.parseSliceParams(x, begin, size)[1],
  Tile: ({ x }, { reps }) => x.shape.map((side: number, axis: number) => side * reps[axis]),
  Concat: (parts, { axis }) => {
    const shapes = Object.values(parts as tf.Tensor[]).map(({ shape }) => shape);
    return tf.backend_util.computeOutShape(shapes, tf.util.parseAxisParam(axis, shapes[0])[0]);
  },
  Conv2D: convolution(false),
  DepthwiseConv2dNative: convolution(true),
};

/** Kernels that move elements and compute nothing. */
const MOVES = ["Identity", "Reshape", "ExpandDims", "PadV2", "Transpose", "Slice", "Tile", "Concat"];

function dtypeOf(kernel: string, inputs: tf.NamedTensorMap, attributes: tf.NamedAttrMap): tf.DataType {
  if (kernel === "Greater") return "bool";
  if (kernel === "Cast") return attributes.dtype as tf.DataType;
  return MOVES.includes(kernel) ? Object.values(inputs)[0].dtype : "float32";
}

let registered: ShapeBackend | null = null;

function register(): ShapeBackend {
  const backend = new ShapeBackend();
  tf.registerBackend(NAME, () => backend);
  for (const [kernelName, rule] of Object.entries(RULES)) {
    tf.registerKernel({
      kernelName,
      backendName: NAME,
      kernelFunc: ({ inputs, attrs }) => {
        const attributes = attrs ?? {}, dtype = dtypeOf(kernelName, inputs as tf.NamedTensorMap, attributes);
        const output = { dataId: {}, shape: [...rule(inputs, attrs, backend)], dtype };
        backend.observe({ kernel: kernelName, inputs: inputs as Operation["inputs"], attributes, output });
        return output;
      },
    });
  }
  return backend;
}

/** Runs `fn` on the backend. Returns how many multiply-accumulates its operations stand for. */
export function countMacs(fn: () => void): number {
  return runOnShapes(fn).macs;
}

/** Runs `fn` on the backend, and tells each of its operations. */
export function observeOperations(fn: () => void, observe: (operation: Operation) => void): void {
  runOnShapes(fn, observe);
}

function runOnShapes(fn: () => void, observe: (operation: Operation) => void = () => {}): { macs: number } {
  tf.backend(); // there is one to go back to from here on
  const before = tf.getBackend();
  const backend = registered ??= register();
  Object.assign(backend, { macs: 0, observe });
  tf.setBackend(NAME);
  try {
    tf.tidy(fn);
    return { macs: backend.macs };
  } finally {
    tf.setBackend(before);
  }
}

/** A tensor without values; only while the backend runs. */
export function shapeOnly(shape: Shape): tf.Tensor {
  return tf.engine().makeTensorFromTensorInfo({ dataId: {}, shape: [...shape], dtype: "float32" });
}
