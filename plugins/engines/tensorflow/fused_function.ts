import { type FusedBody, tf } from "@seed/core";
import type { Backend } from "./backend.ts";
import { DataType } from "./c_api.ts";
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
  const types = ids.map((id) => recorder.typeOf(id));
  const key = inputs.map(({ shape }, i) => `${types[i]}[${shape}]`).join();
  const { fusedCalls } = backend.binding, known = fusedCalls.get(body) ?? new Map<string, RecordedCall>();
  fusedCalls.set(body, known);
  let call = known.get(key);
  if (!call) known.set(key, call = recordBody(backend, body, inputs, types));
  return recorder.call(call, ids).map((metadata) => backend.createOutputTensor(metadata));
}

/**
 * The body computes in fp32 whatever it is given. Its results are rounded to bf16 if they are as large as what came in
 * bf16: they are maps then, and not sums over one.
 */
function recordBody(
  backend: Backend,
  body: FusedBody,
  inputs: tf.Tensor[],
  types: readonly number[],
): RecordedCall {
  const { binding } = backend, outer = binding.recorder;
  const name = `${body.name || "fused"}`;
  using recorder = new GraphRecorder(name, binding.context, { isInput: () => false });
  const maps = inputs.filter((_, i) => types[i] === DataType.BFLOAT16);
  const largest = maps.length ? Math.max(...maps.map(({ size }) => size)) : Infinity;
  binding.recorder = recorder;
  try {
    return tf.tidy(() => {
      const parameters = inputs.map(({ shape }, i) =>
        backend.createOutputTensor(recorder.parameter(shape, types[i]))
      );
      const outputs = body(...parameters);
      const results = backend.getInputTensorIds(outputs).map((id, i) =>
        outputs[i].size >= largest ? recorder.roundedToBf16(id) : id
      );
      const functionName = `seed_fused_${name}_${functionCount++}`;
      const call = recorder.toCompiledFunction(
        functionName,
        backend.getInputTensorIds(parameters),
        results,
        outputs.map(({ shape }) => shape),
      );
      return call as unknown as tf.TensorContainerObject;
    }) as unknown as RecordedCall;
  } finally {
    binding.recorder = outer;
  }
}
