import { tf } from "../tf.ts";

const KERNEL = "TensorScatterUpdate", BACKEND = "cpu";

/** What of tfjs's backend for processors the kernel needs. */
interface HostBackend {
  data: { get(dataId: tf.DataId): { values: Float32Array } };
  makeTensorInfo(shape: number[], dtype: string, values: Float32Array): tf.TensorInfo;
  disposeIntermediateTensorInfo(info: tf.TensorInfo): void;
}

let areMended = false;

/**
 * Mends a kernel of tfjs's `cpu` backend, once in a process. It writes into its input's memory (seen in 4.22.0), which a
 * snapshot of a queue shares. For engines that compute with that backend's kernels.
 */
export function mendHostKernels(): void {
  if (areMended) return;
  areMended = true;
  const { kernelFunc, ...config } = tf.getKernel(KERNEL, BACKEND);
  tf.unregisterKernel(KERNEL, BACKEND);
  tf.registerKernel({
    ...config,
    kernelFunc(params) {
      const backend = params.backend as HostBackend, { tensor } = params.inputs as { tensor: tf.TensorInfo };
      const { values } = backend.data.get(tensor.dataId);
      const copy = backend.makeTensorInfo(tensor.shape, tensor.dtype, values.slice());
      try {
        return kernelFunc({ ...params, inputs: { ...params.inputs, tensor: copy } });
      } finally {
        backend.disposeIntermediateTensorInfo(copy);
      }
    },
  });
}
