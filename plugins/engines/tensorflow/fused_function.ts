import { type FusedBody, tf } from "@seed/core";
import type { Backend } from "./backend.ts";
import { GraphRecorder, type RecordedCall } from "./graph_recorder.ts";

let functionCount = 0;

/**
 * Adds a body to the graph that is being recorded, as a call of a function that XLA compiles into one pass; run at
 * once if nothing is recorded.
 */
export function runFused(backend: Backend, body: FusedBody, inputs: tf.Tensor[]): tf.Tensor[] {
  const { recorder } = backend.binding;
  if (!recorder || !backend.binding.compiles) return tf.tidy(() => body(...inputs));
  const ids = backend.getInputTensorIds(inputs);
  const key = inputs.map(({ shape, dtype }) => `${dtype}[${shape}]`).join();
  const { fusedCalls } = backend.binding, known = fusedCalls.get(body) ?? new Map<string, RecordedCall>();
  fusedCalls.set(body, known);
  let call = known.get(key);
  if (!call) known.set(key, call = recordBody(backend, body, inputs));
  return recorder.call(call, ids).map((metadata) => backend.createOutputTensor(metadata));
}

function recordBody(backend: Backend, body: FusedBody, inputs: tf.Tensor[]): RecordedCall {
  const { binding } = backend, outer = binding.recorder;
  const name = `${body.name || "fused"}`;
  using recorder = new GraphRecorder(name, binding.context, { isInput: () => false });
  binding.recorder = recorder;
  try {
    return tf.tidy(() => {
      const parameters = inputs.map(({ shape, dtype }) =>
        backend.createOutputTensor(
          recorder.parameter(shape, dtype === "int32" ? binding.TF_INT32 : binding.TF_FLOAT),
        )
      );
      const outputs = body(...parameters);
      const functionName = `seed_fused_${name}_${functionCount++}`;
      const call = recorder.toCompiledFunction(
        functionName,
        backend.getInputTensorIds(parameters),
        backend.getInputTensorIds(outputs),
        outputs.map(({ shape }) => shape),
      );
      return call as unknown as tf.TensorContainerObject;
    }) as unknown as RecordedCall;
  } finally {
    binding.recorder = outer;
  }
}
