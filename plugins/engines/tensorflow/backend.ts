/**
 * tfjs-node-gpu's kernels on our binding. The package's root is never imported: it looks for a prebuilt native
 * addon; its kernels and its backend class are plain JavaScript that call whatever binding they are given.
 *
 * @module
 */
import { createRequire } from "node:module";
import { type EngineBackend, tf } from "@seed/core";
import type { Attribute } from "./attributes.ts";
import type { Binding } from "./binding.ts";

const require = createRequire(import.meta.url);

/** Name that the kernels are registered under. */
export const BACKEND = "tensorflow";

/** What we use of tfjs-node's backend class. */
export interface Backend extends EngineBackend {
  readonly binding: Binding;
  executeSingleOutput(op: string, attributes: Attribute[], inputs: tf.TensorInfo[]): tf.Tensor;
  executeMultipleOutputs(
    op: string,
    attributes: Attribute[],
    inputs: tf.TensorInfo[],
    count: number,
  ): tf.Tensor[];
  /** Numbers of the tensors' handles; uploads values that tfjs has kept in JavaScript so far. */
  getInputTensorIds(tensors: tf.TensorInfo[]): number[];
  createOutputTensor(metadata: { id: number; shape: number[]; dtype: number }): tf.Tensor;
}

/**
 * Registers the backend and tfjs-node's kernels with tfjs, and makes it the active one.
 *
 * @param declared What the backend says of its kernels, beside explicit padding.
 */
export async function activateBackend(
  binding: Binding,
  declared: Pick<EngineBackend, "groupedConvolution">,
): Promise<Backend> {
  provideRemovedNodeFunctions();
  require("@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js");
  const { NodeJSKernelBackend } = require("@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js");
  const declares = { explicitPadding: true, ...declared } satisfies Partial<EngineBackend>;
  tf.registerBackend(BACKEND, () => Object.assign(new NodeJSKernelBackend(binding, "seed"), declares));
  if (!await tf.setBackend(BACKEND)) throw new Error(`tfjs cannot activate the backend "${BACKEND}"`);
  return tf.backend() as Backend;
}

/** tfjs-node 4.22.0 calls two functions that Node's `util` no longer has. */
function provideRemovedNodeFunctions(): void {
  const util = require("node:util");
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}
