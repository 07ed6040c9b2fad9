/**
 * The tensors of an ONNX file, wherever its graph has them, without their values being copied. Field numbers are
 * those of `onnx.proto`.
 *
 * @module
 */
import protobuf from "protobufjs";

/** A constant of a model. */
export interface ModelTensor {
  readonly name: string;
  /** Whether it is a weight, in a graph's list of initializers; else an operator's own constant. */
  readonly initializer: boolean;
  /** ONNX's number of the type: 1 is float32. */
  readonly type: number;
  readonly elements: number;
  /** Little-endian, as far as the graph holds them; null for types that are no floats, and for external data. */
  readonly values: Uint8Array | null;
  /** Where the values are if not in the graph: `location`, `offset`, `length`, each as the file says it. */
  readonly external: ReadonlyMap<string, string> | null;
}

/** What is read of an ONNX file. */
export interface ModelTensors {
  /** Whether there are a graph and the version of the format, without which it is no model. */
  readonly complete: boolean;
  /** Initializers of the main graph. */
  readonly weights: number;
  readonly tensors: readonly ModelTensor[];
}

/** ONNX's numbers of the types of floats. */
export const FLOAT = 1, FLOAT16 = 10, DOUBLE = 11, BFLOAT16 = 16;

/** Protocol Buffers' wire types. */
const VARINT = 0, MESSAGE = 2;

/** Graphs within graphs (branches, loops); those of exporters are three deep. */
const MAX_DEPTH = 32;

/** Takes a field's content, or returns false: then it is passed over. */
type Visit = (field: number, wire: number, reader: protobuf.Reader) => boolean;

/** @throws {Error} If the bytes are no Protocol Buffers, or graphs are nested too deep. */
export function modelTensors(bytes: Uint8Array): ModelTensors {
  const found: ModelTensor[] = [];
  let versioned = false, graphs = 0, weights = 0;
  walk(bytes, (field, wire, reader) => {
    versioned ||= field === 1 && wire === VARINT;
    if (wire !== MESSAGE || (field !== 7 && field !== 25)) return false;
    if (field === 7) {
      graphs++;
      weights += graphTensors(reader.bytes(), found, 0);
    } else functionTensors(reader.bytes(), found);
    return true;
  });
  return { complete: versioned && graphs > 0, weights, tensors: found };
}

/** Returns the number of the graph's own initializers. */
function graphTensors(bytes: Uint8Array, found: ModelTensor[], depth: number): number {
  if (depth > MAX_DEPTH) throw new Error(`its graphs are more than ${MAX_DEPTH} deep`);
  let initializers = 0;
  walk(bytes, (field, wire, reader) => {
    if (wire !== MESSAGE || ![1, 5, 15].includes(field)) return false;
    const content = reader.bytes();
    if (field === 1) nodeTensors(content, found, depth);
    else if (field === 5) {
      initializers++;
      found.push(tensor(content, true));
    } else sparseTensor(content, true, found);
    return true;
  });
  return initializers;
}

function functionTensors(bytes: Uint8Array, found: ModelTensor[]): void {
  walk(bytes, (field, wire, reader) => {
    if (wire !== MESSAGE || field !== 7) return false;
    nodeTensors(reader.bytes(), found, 0);
    return true;
  });
}

/** Of an operator's attributes: tensors, sparse ones, graphs. */
function nodeTensors(bytes: Uint8Array, found: ModelTensor[], depth: number): void {
  const attribute: Visit = (field, wire, reader) => {
    if (wire !== MESSAGE || ![5, 6, 10, 11, 22, 23].includes(field)) return false;
    const content = reader.bytes();
    if (field === 5 || field === 10) found.push(tensor(content, false));
    else if (field === 6 || field === 11) graphTensors(content, found, depth + 1);
    else sparseTensor(content, false, found);
    return true;
  };
  walk(bytes, (field, wire, reader) => {
    if (wire !== MESSAGE || field !== 5) return false;
    walk(reader.bytes(), attribute);
    return true;
  });
}

/** Its values and their positions. */
function sparseTensor(bytes: Uint8Array, initializer: boolean, found: ModelTensor[]): void {
  walk(bytes, (field, wire, reader) => {
    if (wire !== MESSAGE || field > 2) return false;
    found.push(tensor(reader.bytes(), initializer && field === 1));
    return true;
  });
}

function tensor(bytes: Uint8Array, initializer: boolean): ModelTensor {
  let name = "", type = 0, elements = 1, isExternal = false, half: Uint8Array | null = null;
  let values: Uint8Array | null = null;
  const external = new Map<string, string>();
  walk(bytes, (field, wire, reader) => {
    if (field === 1) elements *= integers(reader, wire).reduce((a, b) => a * b, 1);
    else if (field === 2 && wire === VARINT) type = reader.int32();
    else if (field === 5 && wire === MESSAGE) half = reader.bytes();
    else if (field === 8) name = reader.string();
    else if ((field === 4 || field === 9 || field === 10) && wire === MESSAGE) values = reader.bytes();
    else if (field === 13 && wire === MESSAGE) external.set(...keyAndValue(reader.bytes()));
    else if (field === 14 && wire === VARINT) isExternal = reader.int32() === 1;
    else return false;
    return true;
  });
  const isFloat = [FLOAT, FLOAT16, DOUBLE, BFLOAT16].includes(type);
  if (half && (type === FLOAT16 || type === BFLOAT16)) values = halves(half);
  return {
    ...{ name, initializer, type, elements },
    values: isFloat && !isExternal ? values : null,
    external: isExternal ? external : null,
  };
}

/** Floats of 16 bits that are written as integers, one by one. */
function halves(packed: Uint8Array): Uint8Array {
  const reader = protobuf.Reader.create(packed), values: number[] = [];
  while (reader.pos < reader.len) values.push(reader.uint32());
  return new Uint8Array(Uint16Array.from(values).buffer);
}

function integers(reader: protobuf.Reader, wire: number): number[] {
  const next = (from: protobuf.Reader) => Number(String(from.int64()));
  if (wire === VARINT) return [next(reader)];
  const packed = protobuf.Reader.create(reader.bytes()), values: number[] = [];
  while (packed.pos < packed.len) values.push(next(packed));
  return values;
}

function keyAndValue(bytes: Uint8Array): [string, string] {
  let key = "", value = "";
  walk(bytes, (field, wire, reader) => {
    if (wire !== MESSAGE || field > 2) return false;
    if (field === 1) key = reader.string();
    else value = reader.string();
    return true;
  });
  return [key, value];
}

function walk(bytes: Uint8Array, visit: Visit): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (!visit(tag >>> 3, tag & 7, reader)) reader.skipType(tag & 7);
  }
}
