/**
 * TensorFlow.js's graph models: `model.json`, which is TensorFlow's `GraphDef` as JSON with a list of weights, and their
 * bytes. https://github.com/tensorflow/tfjs/tree/master/tfjs-converter
 *
 * @module
 */
import { type NamedArray, quoted, RunError } from "@seed/core";

/** An attribute in `GraphDef`'s JSON; text is base64 of its bytes, whole numbers are text. */
export type Attribute =
  | { readonly s: string }
  | { readonly b: boolean }
  | { readonly i: string }
  | { readonly type: "DT_FLOAT" | "DT_INT32" }
  | { readonly shape: { readonly dim: readonly { readonly size: string }[] } }
  | { readonly list: { readonly i: readonly string[] } | { readonly s: readonly string[] } };

/** An operation. */
export interface GraphNode {
  readonly name: string;
  /** TensorFlow's name of it. */
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, Attribute>>;
}

/** Name and shape of an input or output, float32; null is the batch. */
export interface Signature {
  readonly name: string;
  readonly shape: readonly (number | null)[];
}

/** A constant; whole numbers are int32. */
export interface Weight extends NamedArray {
  readonly data: Float32Array | Int32Array;
}

/** A model before it is written. */
export interface GraphModel {
  readonly inputs: readonly Signature[];
  readonly outputs: readonly Signature[];
  readonly nodes: readonly GraphNode[];
  readonly weights: readonly Weight[];
  /** Notes that the file carries about itself. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The files of a model by their names. */
export type GraphModelFiles = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** A shard's bytes at most: browsers keep files of so many in their cache. */
const SHARD_BYTES = 4 * 2 ** 20;

/**
 * The files: `model.json` and shards of weights.
 *
 * @param producer Who wrote them.
 * @param dtype Of the weights in the files: with `fp16` they take half the bytes, and become float32 as they are loaded.
 * @throws {RunError} If a weight is beyond float16.
 */
export function encodeGraphModel(
  model: GraphModel,
  { producer, dtype }: { producer: string; dtype: "fp32" | "fp16" },
): GraphModelFiles {
  const bytes = joined(model.weights.map(({ name, data }) => bytesOf(name, data, dtype)));
  const count = Math.max(1, Math.ceil(bytes.length / SHARD_BYTES));
  const shards = Array.from({ length: count }, (_, i) => ({
    path: `group1-shard${i + 1}of${count}.bin`,
    bytes: bytes.slice(i * SHARD_BYTES, (i + 1) * SHARD_BYTES),
  }));
  const json = {
    format: "graph-model",
    generatedBy: producer,
    convertedBy: producer,
    signature: { inputs: signatures(model.inputs), outputs: signatures(model.outputs) },
    userDefinedMetadata: model.metadata,
    modelTopology: { node: model.nodes, library: {}, versions: { producer: 1087 } },
    weightsManifest: [{
      paths: shards.map(({ path }) => path),
      weights: model.weights.map(({ name, shape, data }) => entryOf(name, shape, data, dtype)),
    }],
  };
  const text = new TextEncoder().encode(JSON.stringify(json));
  return new Map([["model.json", text], ...shards.map(({ path, bytes }) => [path, bytes] as const)]);
}

function signatures(of: readonly Signature[]): Record<string, unknown> {
  return Object.fromEntries(of.map(({ name, shape }) => {
    const dim = shape.map((side) => ({ size: `${side ?? -1}` }));
    return [name, { name: `${name}:0`, dtype: "DT_FLOAT", tensorShape: { dim } }];
  }));
}

function entryOf(name: string, shape: readonly number[], data: Weight["data"], dtype: "fp32" | "fp16") {
  if (data instanceof Int32Array) return { name, shape, dtype: "int32" };
  const half = dtype === "fp16" && { quantization: { dtype: "float16", original_dtype: "float32" } };
  return { name, shape, dtype: "float32", ...half };
}

function bytesOf(name: string, data: Weight["data"], dtype: "fp32" | "fp16"): Uint8Array {
  if (dtype === "fp32" || data instanceof Int32Array) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  const half = Float16Array.from(data);
  if (half.every(Number.isFinite)) return new Uint8Array(half.buffer);
  throw new RunError(
    `The tensor ${
      quoted(name)
    } has a value beyond 65504, where float16 ends: this network cannot be written in fp16`,
  );
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
