/**
 * PyTorch's container before 1.6: five pickles (magic number, protocol, system, the objects, the storages' keys),
 * then each storage as a count and its elements. `torch/serialization.py`, `_legacy_save`.
 *
 * @module
 */
import { BYTES_PER_ELEMENT, openRegularSync, quoted, readRange, type WeightsFile } from "@seed/core";
import { namedTensors } from "./named_tensors.ts";
import { PickleError, readPickle, UnreadPickle } from "./pickle.ts";
import { type Storage, type StorageReader, ViewsFile } from "./tensor_view.ts";
import { MAX_PICKLE_BYTES, torchError, torchScope } from "./torch_pickle.ts";

const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

/** How a file of this container begins: protocol 2, a long of ten bytes, the magic number. */
const START = Uint8Array.of(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19);

/** Whether a file's first bytes are this container's. */
export function isTorchLegacy(start: Uint8Array): boolean {
  return START.every((byte, i) => start[i] === byte);
}

/** @throws {RunError} If it is damaged, or holds no dict of tensors. */
export function openTorchLegacy(path: string): WeightsFile {
  const file = openRegularSync(path);
  try {
    const { size } = file.statSync();
    const head = readHead(readRange(file, 0, Math.min(size, MAX_PICKLE_BYTES), path));
    const storages = new LegacyStorages(path, file, locate(file, { path, size, ...head }));
    return new ViewsFile(path, "PyTorch, before 1.6", head.tensors, storages);
  } catch (error) {
    file.close();
    throw torchError(path, error);
  }
}

class LegacyStorages implements StorageReader {
  constructor(
    private readonly path: string,
    private readonly file: Deno.FsFile,
    /** First byte of each storage's elements. */
    private readonly starts: ReadonlyMap<string, number>,
  ) {}

  read(key: string, begin: number, length: number): Uint8Array<ArrayBuffer> {
    return readRange(this.file, this.starts.get(key)! + begin, length, this.path);
  }

  [Symbol.dispose](): void {
    this.file.close();
  }
}

function readHead(bytes: Uint8Array) {
  const scope = torchScope();
  let length = 0;
  const next = () => {
    const pickle = readPickle(bytes.subarray(length), scope);
    length += pickle.length;
    return pickle.value;
  };
  if (next() !== MAGIC) throw new PickleError("It does not begin with PyTorch's magic number");
  const protocol = next();
  if (protocol !== PROTOCOL) {
    throw new PickleError(`It is not of the container's version ${PROTOCOL}`);
  }
  const system = next();
  if (system instanceof Map && system.get("little_endian") === false) {
    throw new UnreadPickle("It was written on a big-endian machine; only little-endian files are read");
  }
  const tensors = namedTensors(next()), keys = next();
  if (!Array.isArray(keys)) throw new PickleError("It lacks the list of its storages");
  return { tensors, keys: keys as unknown[], storages: scope.storages, foreign: scope.foreign, length };
}

/** Where the storages' elements begin. */
function locate(file: Deno.FsFile, { path, size, length, keys, storages, foreign }: {
  path: string;
  size: number;
  length: number;
  keys: readonly unknown[];
  storages: ReadonlyMap<string, Storage>;
  foreign: ReadonlyMap<string, string>;
}): Map<string, number> {
  const starts = new Map<string, number>();
  let at = length;
  for (const key of keys) {
    if (typeof key !== "string") throw new PickleError("It lists a storage by something that is no text");
    const storage = storages.get(key), other = foreign.get(key);
    if (other !== undefined) {
      throw new UnreadPickle(
        `It has tensors of the type ${quoted(other)}, which this container is not read with`,
      );
    }
    if (!storage) throw new PickleError(`It lists a storage ${quoted(key)} that no tensor uses`);
    const { elements, dtype } = storage;
    const end = at + 8 + elements * BYTES_PER_ELEMENT[dtype];
    if (end > size) {
      throw new PickleError(`The storage ${quoted(key)} ends at byte ${end} of ${size} (truncated file?)`);
    }
    const count = new DataView(readRange(file, at, 8, path).buffer).getBigInt64(0, true);
    if (count !== BigInt(elements)) {
      throw new PickleError(`The storage ${quoted(key)} has ${count} elements, expected ${elements}`);
    }
    starts.set(key, at + 8);
    at = end;
  }
  for (const key of storages.keys()) {
    if (!starts.has(key)) throw new PickleError(`It lacks the storage ${quoted(key)}`);
  }
  return starts;
}
