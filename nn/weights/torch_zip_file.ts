/**
 * PyTorch's container since 1.6: a zip archive of `ROOT/data.pkl`, which describes the tensors, and `ROOT/data/KEY`,
 * the elements of each storage. `torch/serialization.py`, `_save`.
 *
 * @module
 */
import { BYTES_PER_ELEMENT, quoted, RunError, type WeightsFile } from "@seed/core";
import { namedTensors } from "./named_tensors.ts";
import { PickleError, readPickle, UnreadPickle } from "./pickle.ts";
import { type Storage, type StorageReader, type TensorView, ViewsFile } from "./tensor_view.ts";
import { MAX_PICKLE_BYTES, torchError, torchScope } from "./torch_pickle.ts";
import type { ZipFile } from "./zip_file.ts";

const OBJECTS = /^[^/]+\/data\.pkl$/;

/** Whether an archive is this container. */
export function isTorchZip({ entries }: ZipFile): boolean {
  return [...entries.keys()].some((name) => OBJECTS.test(name));
}

/**
 * @param zip Is closed with the file that is returned.
 * @throws {RunError} If it is damaged, is a program, or holds no dict of tensors.
 */
export function openTorchZip(zip: ZipFile): WeightsFile {
  try {
    const { tensors, root } = readObjects(zip);
    return new ViewsFile(zip.path, "PyTorch", tensors, new ZipStorages(zip, root));
  } catch (error) {
    throw torchError(zip.path, error);
  }
}

class ZipStorages implements StorageReader {
  constructor(private readonly zip: ZipFile, private readonly root: string) {}

  read(key: string, begin: number, length: number): Uint8Array<ArrayBuffer> {
    return this.zip.read(`${this.root}/data/${key}`, begin, length);
  }

  [Symbol.dispose](): void {
    this.zip[Symbol.dispose]();
  }
}

function readObjects(zip: ZipFile): { tensors: Map<string, TensorView>; root: string } {
  const [objects, ...more] = [...zip.entries.keys()].filter((name) => OBJECTS.test(name));
  if (more.length) throw new PickleError(`It holds both ${quoted(objects)} and ${quoted(more[0])}`);
  const root = objects.slice(0, objects.indexOf("/"));
  refuseProgram(zip, root);
  refuseBigEndian(zip, root);
  const { size } = zip.entry(objects);
  if (size > MAX_PICKLE_BYTES) {
    throw new UnreadPickle(
      `Beside its tensors it holds ${size} bytes of other values, at most ${MAX_PICKLE_BYTES} are read; ` +
        "NumPy's arrays are read from an .npz (numpy.savez)",
    );
  }
  const scope = torchScope(), { value } = readPickle(zip.read(objects), scope);
  for (const storage of scope.storages.values()) checkStorage(zip, root, storage);
  return { tensors: namedTensors(value), root };
}

/** `torch.jit.save` adds the code; its pickle is of another kind. */
function refuseProgram({ path, entries }: ZipFile, root: string): void {
  if (!entries.has(`${root}/constants.pkl`)) return;
  throw new RunError(
    `The file "${path}" is a TorchScript program, of which only Python knows the weights; save those alone: ` +
      `torch.save(torch.jit.load(...).state_dict(), ...)`,
  );
}

/** Archives before PyTorch 2.1 do not say their byte order, which is that of the processors of the time. */
function refuseBigEndian(zip: ZipFile, root: string): void {
  const name = `${root}/byteorder`;
  if (!zip.entries.has(name)) return;
  if (zip.entry(name).size !== 6 || new TextDecoder().decode(zip.read(name)) !== "little") {
    throw new UnreadPickle("It was written on a big-endian machine; only little-endian files are read");
  }
}

function checkStorage(zip: ZipFile, root: string, { key, dtype, elements }: Storage): void {
  const entry = zip.entries.get(`${root}/data/${key}`), expected = elements * BYTES_PER_ELEMENT[dtype];
  if (!entry) throw new PickleError(`It lacks the storage ${quoted(key)}`);
  if (!entry.stored) {
    throw new UnreadPickle(`Its storage ${quoted(key)} is compressed, which PyTorch never does`);
  }
  if (entry.size !== expected) {
    throw new PickleError(`Its storage ${quoted(key)} has ${entry.size} bytes, expected ${expected}`);
  }
}
