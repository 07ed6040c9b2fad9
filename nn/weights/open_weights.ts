import { NoFileError, openRegular, quoted, RunError, SafetensorsFile, type WeightsFile } from "@seed/core";
import { formatOf } from "./foreign_format.ts";
import { isNpz, openNpz } from "./npz_file.ts";
import { openShards, readIndex, weightsIn } from "./sharded_weights.ts";
import { isTorchLegacy, openTorchLegacy } from "./torch_legacy_file.ts";
import { isTorchZip, openTorchZip } from "./torch_zip_file.ts";
import { ZipFile } from "./zip_file.ts";

const READ =
  "safetensors, PyTorch's files of a state dict or checkpoint (torch.save), and NumPy's .npz are read";

/**
 * Opens a file of weights, or several that an index tells of; the format is found out from the content.
 *
 * @param path Of the file, of the index, or of a folder with either under its usual name.
 * @throws {RunError} If it is not there, damaged, or of a format that is not read.
 */
export async function openWeights(path: string): Promise<WeightsFile> {
  const isFolder = await Deno.stat(path).then(({ isDirectory }) => isDirectory, () => false);
  const file = isFolder ? await weightsIn(path) : path, index = await indexAt(file);
  return index ? await openShards(file, index, openOne) : await openOne(file);
}

/** The index that a file is; null if it is none. */
async function indexAt(path: string): Promise<ReadonlyMap<string, string> | null> {
  const { start } = await readEnds(path);
  // A safetensors file begins with the length of its header, whose first byte may be that of a brace.
  if (start.subarray(0, 8).includes(0)) return null;
  return /^\s*\{/.test(new TextDecoder("latin1").decode(start)) ? await readIndex(path) : null;
}

async function openOne(path: string): Promise<WeightsFile> {
  const { start, end } = await readEnds(path);
  if (isTorchLegacy(start)) return openTorchLegacy(path);
  if (isZip(start)) return openArchive(path);
  if (SafetensorsFile.isStart(start)) return await SafetensorsFile.open(path);
  throw new RunError(
    `The file "${path}" is ${formatOf(start, end)}, no file of weights that is read; ${READ}`,
  );
}

function openArchive(path: string): WeightsFile {
  const zip = ZipFile.open(path);
  try {
    if (isTorchZip(zip)) return openTorchZip(zip);
    if (isNpz(zip)) return openNpz(zip);
    if (isExportedProgram(zip)) {
      throw new RunError(
        `The file "${path}" is a program of torch.export, of which only Python knows the weights; save those ` +
          "alone: torch.save(torch.export.load(...).state_dict, ...)",
      );
    }
    const [first] = zip.entries.keys(), found = first === undefined ? "nothing" : `${quoted(first)}`;
    throw new RunError(
      `The file "${path}" is a zip archive with ${found}, but neither PyTorch's nor NumPy's; ${READ}`,
    );
  } catch (error) {
    zip[Symbol.dispose]();
    throw error;
  }
}

/** Of a zip archive's end, and more than other formats need. */
const END_BYTES = 22;

/** The first and the last bytes. */
async function readEnds(path: string): Promise<{ start: Uint8Array; end: Uint8Array }> {
  try {
    using file = await openRegular(path);
    const { size } = await file.stat(),
      start = new Uint8Array(512),
      end = new Uint8Array(Math.min(size, END_BYTES));
    const count = await file.read(start) ?? 0;
    await file.seek(size - end.length, Deno.SeekMode.Start);
    await file.read(end);
    return { start: start.subarray(0, count), end };
  } catch (error) {
    if (error instanceof NoFileError) {
      throw new RunError(`There is no file of weights "${path}"; check the path, or fetch it`);
    }
    throw new RunError(`Cannot read the weights "${path}": ${(error as Error).message}`, { cause: error });
  }
}

/** A `.pt2`: https://docs.pytorch.org/docs/stable/export/pt2_archive.html */
function isExportedProgram({ entries }: ZipFile): boolean {
  return [...entries.keys()].some((name) =>
    /^([^/]+\/)?(archive_format|serialized_exported_program\.json)$/.test(name)
  );
}

/** `PK`, 3, 4: a local file header; `PK`, 5, 6: the directory of an empty archive. */
function isZip([p, k, a, b]: Uint8Array): boolean {
  return p === 0x50 && k === 0x4b && ((a === 3 && b === 4) || (a === 5 && b === 6));
}
