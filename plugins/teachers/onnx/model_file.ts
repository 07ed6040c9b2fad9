import { checkSha256, NoFileError, readRegular, RunError, sha256OfFiles } from "@seed/core";
import { type ExternalData, externalData } from "./external_data.ts";
import { type ModelTensor, modelTensors } from "./model_tensors.ts";

/** An ONNX file, and the files beside it that hold weights of its. */
export interface OnnxModel {
  readonly path: string;
  /** Number of the graph's weights. */
  readonly weights: number;
  readonly tensors: readonly ModelTensor[];
  readonly external: ExternalData;
}

/**
 * Reads what there is in an ONNX model, and looks whether all of it is there.
 *
 * @throws {RunError} If it is not there, or no ONNX file, or a file that belongs to it is not there.
 */
export async function readModel(path: string): Promise<OnnxModel> {
  const { complete, weights, tensors } = parsed(path, await readFile(path));
  if (!complete) throw notOnnx(path, "it holds no graph");
  return { path, weights, tensors, external: await externalData(path, tensors) };
}

/**
 * The hash of a model, hexadecimal: the file's SHA-256. With files beside it, the SHA-256 of the text of all their
 * hashes, a line each: the model's, then theirs in the order of their names. `docs/weights.md` has it as a command.
 *
 * @param expected Null: whatever it is.
 * @throws {RunError} If it differs.
 */
export async function hashOfModel({ path, external }: OnnxModel, expected: string | null): Promise<string> {
  if (external.files.length === 0) return await checkSha256(path, expected);
  const { all: actual, each: [ofGraph] } = await sha256OfFiles([path, ...external.files]);
  if (expected === null || actual === expected.toLowerCase()) return actual;
  const graph = expected.toLowerCase() === ofGraph ? "that of the graph alone, " : "";
  const files = external.files.map((file) => `"${file}"`).join(", ");
  throw new RunError(
    `The ONNX model "${path}" with ${files} has the SHA-256 ${actual}, but ${expected} is expected, ${graph}` +
      "which another or a damaged file would explain as well; docs/weights.md tells how it is computed",
  );
}

function parsed(path: string, bytes: Uint8Array) {
  try {
    return modelTensors(bytes);
  } catch (error) {
    throw notOnnx(path, (error as Error).message);
  }
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
