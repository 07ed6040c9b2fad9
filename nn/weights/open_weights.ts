import { RunError, SafetensorsFile, type WeightsFile } from "@seed/core";
import { TorchLegacyFile } from "./torch_legacy_file.ts";

/**
 * Opens a file of weights; its format is found out from its content.
 *
 * @throws {RunError} If it is not there, damaged, or of a format that is not read.
 */
export async function openWeights(path: string): Promise<WeightsFile> {
  const start = await readStart(path);
  if (TorchLegacyFile.isStart(start)) return await TorchLegacyFile.open(path);
  if (isZip(start)) {
    throw new RunError(
      `The file "${path}" is PyTorch's zip container, which is not read yet; save its state dict as safetensors ` +
        `(safetensors.torch.save_file), or with torch.save(..., _use_new_zipfile_serialization=False)`,
    );
  }
  return await SafetensorsFile.open(path);
}

async function readStart(path: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(16);
  try {
    using file = await Deno.open(path);
    const count = await file.read(bytes);
    return bytes.subarray(0, count ?? 0);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new RunError(`There is no file of weights "${path}"; check the path, or fetch it`);
    }
    throw new RunError(`Cannot read the weights "${path}": ${(error as Error).message}`, { cause: error });
  }
}

/** `PK`, 3, 4: a local file header. */
function isZip(start: Uint8Array): boolean {
  return start[0] === 0x50 && start[1] === 0x4b && start[2] === 3 && start[3] === 4;
}
