/**
 * onnxruntime: fetched into the user's cache when a model is opened for the first time.
 *
 * @module
 */
import { join } from "node:path";
import process from "node:process";
import { importNpmPackage, isInstalled, type PluginContext } from "@seed/core";
import lock from "./runtime.lock.json" with { type: "json" };

/** What is used of onnxruntime-node's API: https://onnxruntime.ai/docs/api/js */
export interface OnnxRuntime {
  InferenceSession: {
    create(model: string | Uint8Array, options?: SessionOptions): Promise<Session>;
  };
  Tensor: new (type: "float32", data: Float32Array, shape: readonly number[]) => OnnxTensor;
}

/** How a model is run; defaults are onnxruntime's. */
export interface SessionOptions {
  intraOpNumThreads?: number;
  graphOptimizationLevel?: "disabled" | "basic" | "extended" | "all";
}

/** A loaded model. */
export interface Session {
  readonly inputMetadata: readonly ValueMetadata[];
  readonly outputMetadata: readonly ValueMetadata[];
  run(feeds: Record<string, OnnxTensor>, fetches?: readonly string[]): Promise<Record<string, OnnxTensor>>;
  release(): Promise<void>;
}

/** Of an input or an output; a side that is a name may be any. */
export interface ValueMetadata {
  readonly name: string;
  readonly isTensor: boolean;
  readonly type?: string;
  readonly shape?: readonly (number | string)[];
}

/** A tensor of onnxruntime's, row-major. */
export interface OnnxTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<number>;
}

/** The version that is fetched. */
export const RUNTIME_VERSION = "1.30.0";

const FOLDER = `onnxruntime-node-${RUNTIME_VERSION}`;
const EXPECT = [
  `node_modules/onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}/onnxruntime_binding.node`,
];

/**
 * Loads onnxruntime, and fetches it before if need be (110 MB).
 *
 * @throws {RunError} If it cannot be fetched, or there is no build for this machine.
 */
export async function loadOnnxRuntime(
  { cacheDir, log, signal }: Pick<PluginContext, "cacheDir" | "log" | "signal">,
): Promise<OnnxRuntime> {
  const wanted = { name: "onnxruntime-node", version: RUNTIME_VERSION, lock, expect: EXPECT };
  return await importNpmPackage({ ...wanted, into: join(cacheDir, FOLDER), log, signal }) as OnnxRuntime;
}

/** Whether it is in the cache. */
export async function hasOnnxRuntime(cacheDir: string): Promise<boolean> {
  return await isInstalled({ into: join(cacheDir, FOLDER), expect: EXPECT });
}
