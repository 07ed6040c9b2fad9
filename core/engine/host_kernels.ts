import { tf } from "../tf.ts";
import { broadcast } from "./broadcast.ts";
import { filterGradient, type FilterGradientAttributes, type Maps } from "./filter_gradients.ts";

const BACKEND = "cpu";

/** What of tfjs's backend for processors the kernels need. */
interface HostBackend {
  data: { get(dataId: tf.DataId): { values: Float32Array } };
  makeTensorInfo(shape: number[], dtype: string, values: Float32Array): tf.TensorInfo;
  disposeIntermediateTensorInfo(info: tf.TensorInfo): void;
}

type Kernel = Parameters<typeof tf.registerKernel>[0]["kernelFunc"];

let areMended = false;

/**
 * Mends kernels of tfjs's `cpu` backend, once in a process: one writes into its input's memory (seen in 4.22.0), which a
 * snapshot of a queue shares, and some are slow. For engines that compute with that backend's kernels.
 */
export function mendHostKernels(): void {
  if (areMended) return;
  areMended = true;
  replace("TensorScatterUpdate", copyingScatter);
  // Of two shapes they look up where each value lies, which takes most of the time.
  for (const name of ["Add", "Sub", "Multiply", "RealDiv"]) replace(name, ofOneShape);
  replace("Conv2DBackpropFilter", (own) => fastFilterGradient(own, false));
  replace("DepthwiseConv2dNativeBackpropFilter", (own) => fastFilterGradient(own, true));
}

function replace(name: string, better: (own: Kernel) => Kernel): void {
  const { kernelFunc, ...config } = tf.getKernel(name, BACKEND);
  tf.unregisterKernel(name, BACKEND);
  tf.registerKernel({ ...config, kernelFunc: better(kernelFunc) });
}

function copyingScatter(own: Kernel): Kernel {
  return (params) => {
    const backend = params.backend as HostBackend, { tensor } = params.inputs as { tensor: tf.TensorInfo };
    const { values } = backend.data.get(tensor.dataId);
    const copy = backend.makeTensorInfo(tensor.shape, tensor.dtype, values.slice());
    try {
      return own({ ...params, inputs: { ...params.inputs, tensor: copy } });
    } finally {
      backend.disposeIntermediateTensorInfo(copy);
    }
  };
}

/** Repeats operands first, where they have to be. */
function ofOneShape(own: Kernel): Kernel {
  return (params) => {
    const backend = params.backend as HostBackend,
      { a, b } = params.inputs as Record<"a" | "b", tf.TensorInfo>;
    // A single number is quick by itself.
    const isSlow = !tf.util.arraysEqual(a.shape, b.shape) && a.shape.length > 0 && b.shape.length > 0;
    if (!isSlow || a.dtype !== "float32" || b.dtype !== "float32") return own(params);
    const shape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const whole = ({ shape: from, dtype, dataId }: tf.TensorInfo) =>
      backend.makeTensorInfo(shape, dtype, broadcast(backend.data.get(dataId).values, from, shape));
    const wholes = { a: whole(a), b: whole(b) };
    try {
      return own({ ...params, inputs: wholes });
    } finally {
      for (const one of [wholes.a, wholes.b]) backend.disposeIntermediateTensorInfo(one);
    }
  };
}

/** For channels that come last, as everywhere here; others are left to tfjs. */
function fastFilterGradient(own: Kernel, depthwise: boolean): Kernel {
  return (params) => {
    const attributes = params.attrs as unknown as FilterGradientAttributes & { dataFormat?: string };
    if (attributes.dataFormat === "NCHW") return own(params);
    const backend = params.backend as HostBackend,
      { x, dy } = params.inputs as Record<"x" | "dy", tf.TensorInfo>;
    const maps = ({ shape, dataId }: tf.TensorInfo): Maps => ({
      shape,
      values: backend.data.get(dataId).values,
    });
    return backend.makeTensorInfo(
      attributes.filterShape,
      "float32",
      filterGradient(maps(x), maps(dy), attributes, depthwise),
    );
  };
}
