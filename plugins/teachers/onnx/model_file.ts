import protobuf from "protobufjs";
import { NoFileError, readRegular, RunError } from "@seed/core";

/** Field numbers of `onnx.proto`: the model's version and graph, the graph's constants. */
const IR_VERSION = 1, GRAPH = 7, INITIALIZER = 5;
/** Protocol Buffers' wire type of messages. */
const MESSAGE = 2;

/**
 * Counts the weights of an ONNX file.
 *
 * @throws {RunError} If it is not there, or no ONNX file.
 */
export async function countWeights(path: string): Promise<number> {
  const reader = protobuf.Reader.create(await readFile(path));
  let weights: number | null = null, versioned = false;
  try {
    while (reader.pos < reader.len) {
      const tag = reader.uint32(), field = tag >>> 3, wire = tag & 7;
      if (field === GRAPH && wire === MESSAGE) weights = countInGraph(reader);
      else reader.skipType(wire);
      versioned ||= field === IR_VERSION;
    }
  } catch (error) {
    throw notOnnx(path, (error as Error).message);
  }
  if (weights !== null && versioned) return weights;
  throw notOnnx(path, "it holds no graph");
}

function countInGraph(reader: protobuf.Reader): number {
  const end = reader.uint32() + reader.pos;
  let count = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag >>> 3 === INITIALIZER) count++;
    reader.skipType(tag & 7);
  }
  return count;
}

/** Protocol buffers have no more: what is larger keeps its tensors in a file beside it. */
const MAX_BYTES = 2 ** 31 - 1;

async function readFile(path: string): Promise<Uint8Array> {
  try {
    return await readRegular(path, MAX_BYTES);
  } catch (error) {
    if (error instanceof NoFileError) {
      throw new RunError(`There is no ONNX file "${path}"; check teacher.weights, or fetch the file`);
    }
    throw new RunError(`Cannot read the ONNX file "${path}": ${(error as Error).message}`, { cause: error });
  }
}

function notOnnx(path: string, why: string): RunError {
  return new RunError(
    `The file "${path}" is no ONNX model, or a damaged one (${why}); export or fetch it again`,
  );
}
