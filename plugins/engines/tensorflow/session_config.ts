/**
 * Serialized `ConfigProto` messages (`tensorflow/core/protobuf/config.proto`, `rewriter_config.proto`): how many
 * devices a context may see, and how a function's graph is rewritten before it runs.
 *
 * @module
 */

/** Configuration of a context. Hiding the GPUs is how `device: cpu` is kept on a machine that has some. */
export function contextConfig(options: { hideGpus: boolean }): Uint8Array<ArrayBuffer> {
  const growMemory = message(6, varintField(4, 1)); // gpu_options.allow_growth
  if (!options.hideGpus) return growMemory;
  const noGpu = [...stringField(1, "GPU"), ...varintField(2, 0)]; // device_count["GPU"] = 0
  return Uint8Array.from([...message(1, noGpu), ...growMemory]);
}

/**
 * Configuration that a traced function is called with. Even the default one matters: a call without any skips
 * most of TensorFlow's graph optimisation.
 *
 * Arithmetic optimisation is off: it makes one `AddN` of several additions, which begins with whichever input's
 * memory is free first. Sums of three would depend on the order that threads come in, and two runs differ.
 */
export function functionConfig(
  options: { mixedPrecision: "none" | "cpu-bf16" | "gpu-fp16" },
): Uint8Array<ArrayBuffer> {
  const ON = 1, OFF = 2;
  const field =
    { "none": [], "cpu-bf16": varintField(31, ON), "gpu-fp16": varintField(23, ON) }[options.mixedPrecision];
  const arithmeticOptimization = varintField(7, OFF);
  return message(10, message(10, [...arithmeticOptimization, ...field])); // graph_options.rewrite_options
}

function message(field: number, content: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...varint(field << 3 | 2), ...varint(content.length), ...Array.from(content)]);
}

function stringField(field: number, text: string): Uint8Array {
  return message(field, new TextEncoder().encode(text));
}

function varintField(field: number, value: number): number[] {
  return [...varint(field << 3), ...varint(value)];
}

function varint(value: number): number[] {
  const bytes = [];
  for (; value > 0x7f; value >>>= 7) bytes.push(value & 0x7f | 0x80);
  return [...bytes, value];
}
