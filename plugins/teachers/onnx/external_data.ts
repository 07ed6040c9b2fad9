/**
 * Files beside an ONNX model that hold weights of its: https://onnx.ai/onnx/repo-docs/ExternalData.html
 *
 * @module
 */
import { dirname, isAbsolute, join, normalize, relative, sep } from "node:path";
import { quoted, RunError } from "@seed/core";
import type { ModelTensor } from "./model_tensors.ts";

/** A part of a file beside the model. */
export interface ExternalRange {
  readonly tensor: ModelTensor;
  readonly file: string;
  readonly offset: number;
  /** Bytes; null: the file does not say. */
  readonly length: number | null;
}

/** What a model keeps outside. */
export interface ExternalData {
  /** Paths, each once, in the order of their names in the model. */
  readonly files: readonly string[];
  readonly ranges: readonly ExternalRange[];
}

/**
 * Finds the files beside a model, and looks whether all that it takes of them is there.
 *
 * @param path The model's.
 * @throws {RunError} If a file is missing, too short, no file, or outside the model's folder: a model can come from
 *   anyone, and must not have other files read.
 */
export async function externalData(path: string, tensors: readonly ModelTensor[]): Promise<ExternalData> {
  const outside = tensors.filter(({ external }) => external !== null);
  const locations = new Set(outside.map((tensor) => locationOf(path, tensor)));
  const files = new Map<string, { file: string; size: number }>();
  for (const location of [...locations].sort()) files.set(location, await fileAt(path, location));
  const ranges = outside.map((tensor) => {
    const { file, size } = files.get(locationOf(path, tensor))!;
    const offset = count(path, tensor, "offset") ?? 0, length = count(path, tensor, "length");
    const end = offset + (length ?? 0);
    if (end > size) {
      throw new RunError(
        `The file "${file}" of the ONNX model "${path}" has ${size} bytes, but the tensor ${
          quoted(tensor.name)
        } ends at byte ${end}: it is truncated, or another model's; fetch or export both again`,
      );
    }
    return { tensor, file, offset, length };
  });
  return { files: [...files.values()].map(({ file }) => file), ranges };
}

/** Relative to the model's folder, and within it as far as the name tells. */
function locationOf(path: string, { name, external }: ModelTensor): string {
  const said = external!.get("location") ?? "";
  if (said === "" || said.includes("\0")) {
    throw new RunError(`The ONNX model "${path}" does not say in which file the tensor ${quoted(name)} is`);
  }
  const location = normalize(said);
  if (isAbsolute(said) || location === ".." || location.startsWith(`..${sep}`)) {
    throw leavesFolder(path, said);
  }
  return location;
}

async function fileAt(path: string, location: string): Promise<{ file: string; size: number }> {
  const file = join(dirname(path), location);
  try {
    const real = await Deno.realPath(file);
    // Caches of models keep links to files that all lie in one other folder, the model among them.
    const folders = [await Deno.realPath(dirname(path) || "."), dirname(await Deno.realPath(path))];
    if (!folders.some((folder) => isWithin(real, folder))) throw leavesFolder(path, location, real);
    const { isFile, size } = await Deno.stat(real);
    if (!isFile) throw new RunError(`"${file}", where the ONNX model "${path}" has weights, is no file`);
    return { file, size };
  } catch (error) {
    if (error instanceof RunError) throw error;
    if (error instanceof Deno.errors.NotFound) {
      throw new RunError(
        `The ONNX model "${path}" has weights in the file ${
          quoted(location)
        } beside it, but there is none; ` +
          "fetch or export both, and keep them in one folder under the names that they have",
      );
    }
    throw new RunError(
      `Cannot read the file "${file}", where the ONNX model "${path}" has weights: ${
        (error as Error).message
      }`,
      { cause: error },
    );
  }
}

function isWithin(file: string, folder: string): boolean {
  const way = relative(folder, file);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function leavesFolder(path: string, location: string, real?: string): RunError {
  const target = real === undefined ? "" : `, a link to ${quoted(real, 300)}`;
  return new RunError(
    `The ONNX model "${path}" asks for the file ${quoted(location, 300)}${target}, outside its own folder; ` +
      "only files beside a model are read for it",
  );
}

function count(path: string, { name, external }: ModelTensor, key: string): number | null {
  const said = external!.get(key);
  if (said === undefined) return null;
  const value = /^\d{1,16}$/.test(said) ? Number(said) : NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new RunError(
    `The ONNX model "${path}" gives the tensor ${quoted(name)} the ${key} ${
      quoted(said)
    }, expected a number of bytes`,
  );
}
