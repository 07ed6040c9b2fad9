/**
 * ONNX models: a graph of operators, and its file. Only what is written is described of the format.
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 *
 * @module
 */
import protobuf from "protobufjs";
import { RunError } from "@seed/core";

/** Whole numbers, or a number that is floating-point whatever its value. */
export type Attribute = number | readonly number[] | { readonly float: number };

/** An operator that is applied. */
export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A constant of the type that its array has. */
export interface Initializer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float16Array | BigInt64Array | Int32Array | Uint8Array;
}

/** Name and shape of an input or output, float32; a side that is a name may be any, `null` says nothing. */
export interface Signature {
  readonly name: string;
  readonly shape: readonly (number | string)[] | null;
}

/** A model before it is written. */
export interface OnnxModel {
  readonly name: string;
  /** Notes that the file carries about itself. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly inputs: readonly Signature[];
  readonly outputs: readonly Signature[];
  readonly initializers: readonly Initializer[];
  readonly nodes: readonly OnnxNode[];
}

/** Operator set that nodes are written in, and the version of the format that came with it (ONNX 1.12). */
const OPSET = 17, IR_VERSION = 8;

/** Protocol Buffers' own bound on a file. */
const MAX_BYTES = 2 ** 31 - 1;

/** `TensorProto.DataType`. */
export const FLOAT = 1, FLOAT16 = 10;
const UINT8 = 2, INT32 = 6, INT64 = 7;

/** `AttributeProto.AttributeType`. */
const FLOAT_ATTRIBUTE = 1, INT_ATTRIBUTE = 2, INTS_ATTRIBUTE = 7;

type Fields = Record<string, [type: string, id: number, rule?: "repeated"]>;

/** Messages by name: fields by name, with their types and numbers. */
const MESSAGES: Record<string, Fields> = {
  ModelProto: {
    irVersion: ["int64", 1],
    producerName: ["string", 2],
    graph: ["GraphProto", 7],
    opsetImport: ["OperatorSetIdProto", 8, "repeated"],
    metadataProps: ["StringStringEntryProto", 14, "repeated"],
  },
  GraphProto: {
    node: ["NodeProto", 1, "repeated"],
    name: ["string", 2],
    initializer: ["TensorProto", 5, "repeated"],
    input: ["ValueInfoProto", 11, "repeated"],
    output: ["ValueInfoProto", 12, "repeated"],
  },
  NodeProto: {
    input: ["string", 1, "repeated"],
    output: ["string", 2, "repeated"],
    name: ["string", 3],
    opType: ["string", 4],
    attribute: ["AttributeProto", 5, "repeated"],
  },
  AttributeProto: {
    name: ["string", 1],
    f: ["float", 2],
    i: ["int64", 3],
    ints: ["int64", 8, "repeated"],
    type: ["int32", 20],
  },
  TensorProto: {
    dims: ["int64", 1, "repeated"],
    dataType: ["int32", 2],
    name: ["string", 8],
    rawData: ["bytes", 9],
  },
  ValueInfoProto: { name: ["string", 1], type: ["TypeProto", 2] },
  TypeProto: { tensorType: ["TensorTypeProto", 1] },
  TensorTypeProto: { elemType: ["int32", 1], shape: ["TensorShapeProto", 2] },
  TensorShapeProto: { dim: ["DimensionProto", 1, "repeated"] },
  DimensionProto: { dimValue: ["int64", 1], dimParam: ["string", 2] },
  OperatorSetIdProto: { domain: ["string", 1], version: ["int64", 2] },
  StringStringEntryProto: { key: ["string", 1], value: ["string", 2] },
};

/**
 * The file's bytes.
 *
 * @throws {RunError} If the constants are larger than the format allows.
 */
export function encodeModel(model: OnnxModel): Uint8Array<ArrayBuffer> {
  const bytes = model.initializers.reduce((sum, { data }) => sum + data.byteLength, 0);
  if (bytes > MAX_BYTES) {
    throw new RunError(
      `The network's weights have ${bytes} bytes, but an ONNX file holds ${MAX_BYTES} at most; write safetensors`,
    );
  }
  const message = {
    irVersion: IR_VERSION,
    producerName: "seed",
    graph: {
      name: model.name,
      node: model.nodes.map(encodeNode),
      initializer: model.initializers.map(encodeInitializer),
      input: model.inputs.map(encodeSignature),
      output: model.outputs.map(encodeSignature),
    },
    opsetImport: [{ domain: "", version: OPSET }],
    metadataProps: Object.entries(model.metadata).map(([key, value]) => ({ key, value })),
  };
  return schema().lookupType("ModelProto").encode(message).finish() as Uint8Array<ArrayBuffer>;
}

function schema(): protobuf.Root {
  const root = new protobuf.Root();
  for (const [name, fields] of Object.entries(MESSAGES)) {
    const type = new protobuf.Type(name);
    for (const [field, [of, id, rule]] of Object.entries(fields)) {
      type.add(new protobuf.Field(field, id, of, rule));
    }
    root.add(type);
  }
  return root;
}

function encodeNode({ operator, inputs, output, attributes }: OnnxNode) {
  return {
    input: inputs,
    output: [output],
    name: output,
    opType: operator,
    attribute: Object.entries(attributes).map(([name, value]) => encodeAttribute(name, value)),
  };
}

function encodeAttribute(name: string, value: Attribute) {
  if (typeof value === "number") return { name, i: value, type: INT_ATTRIBUTE };
  if ("float" in value) return { name, f: value.float, type: FLOAT_ATTRIBUTE };
  return { name, ints: value, type: INTS_ATTRIBUTE };
}

function encodeInitializer({ name, shape, data }: Initializer) {
  return {
    name,
    dims: shape,
    dataType: typeOf(data),
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

function typeOf(data: Initializer["data"]): number {
  if (data instanceof Float32Array) return FLOAT;
  if (data instanceof Float16Array) return FLOAT16;
  if (data instanceof Int32Array) return INT32;
  return data instanceof Uint8Array ? UINT8 : INT64;
}

function encodeSignature({ name, shape }: Signature) {
  const dim = shape?.map((side) => typeof side === "number" ? { dimValue: side } : { dimParam: side });
  return { name, type: { tensorType: { elemType: FLOAT, ...dim && { shape: { dim } } } } };
}
