/**
 * tfjs-node-gpu's kernels on our binding. The package's root is never imported: it looks for a prebuilt native
 * addon; its kernels and its backend class are plain JavaScript that call whatever binding they are given.
 *
 * @module
 */
import { createRequire } from "node:module";
import { tf } from "@seed/core";
import type { Attribute } from "./attributes.ts";
import type { Binding } from "./binding.ts";
import { registerKernels } from "./kernels.ts";

const require = createRequire(import.meta.url);

/** Name that the kernels are registered under. */
export const BACKEND = "tensorflow";

/** What we use of tfjs-node's backend class. */
export interface Backend extends tf.KernelBackend {
  readonly binding: Binding;
  readonly tensorMap: { get(dataId: object): { id: number } };
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

/** Registers the backend with tfjs and makes it the active one. */
export async function activateBackend(binding: Binding): Promise<Backend> {
  provideRemovedNodeFunctions();
  require("@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js");
  const { NodeJSKernelBackend } = require("@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js");
  registerKernels({ oneDnn: !binding.isUsingGpuDevice() && Deno.build.arch === "x86_64" });
  tf.registerBackend(BACKEND, () => new NodeJSKernelBackend(binding, "seed"));
  if (!await tf.setBackend(BACKEND)) throw new Error(`tfjs cannot activate the backend "${BACKEND}"`);
  return tf.backend() as Backend;
}

/** tfjs-node 4.22.0 calls two functions that Node's `util` no longer has. */
function provideRemovedNodeFunctions(): void {
  const util = require("node:util");
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}
