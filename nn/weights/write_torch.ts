import { type NamedArray, writeAtomically } from "@seed/core";
import { pickleStateDict } from "./pickle_writer.ts";
import { zipBytes, type ZipMember } from "./zip_writer.ts";

/** What PyTorch aligns storages to, so that they can be mapped into memory. */
const ALIGNMENT = 64;

/**
 * Writes a state dict in PyTorch's container since 1.6, whole or not at all:
 * `torch.load(path, weights_only=True)` gives the tensors by name.
 *
 * @throws {RunError} If it would have more than 4 GB.
 */
export async function writeTorch(path: string, tensors: readonly NamedArray[]): Promise<void> {
  await writeAtomically(path, zipBytes(members(tensors), ALIGNMENT));
}

function* members(tensors: readonly NamedArray[]): Generator<ZipMember> {
  const text = (content: string) => new TextEncoder().encode(content);
  const pickled = tensors.map(({ name, shape, data }, i) => ({
    name,
    shape,
    key: `${i}`,
    storage: storageOf(data),
  }));
  yield { name: "archive/data.pkl", data: pickleStateDict(pickled) };
  yield { name: "archive/byteorder", data: text("little") };
  for (const [i, { data }] of tensors.entries()) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    yield { name: `archive/data/${i}`, data: bytes };
  }
  yield { name: "archive/version", data: text("3\n") };
}

function storageOf(data: NamedArray["data"]): string {
  if (data instanceof Float32Array) return "FloatStorage";
  return data instanceof Int32Array ? "IntStorage" : "LongStorage";
}
