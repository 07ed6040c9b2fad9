/**
 * What PyTorch pickles: tensors as views of storages. The containers around it differ, this does not.
 *
 * @module
 */
import { quoted, RunError, type StoredType } from "@seed/core";
import { type Constructor, Global, Opaque, PickleError, type PickleScope, Tuple } from "./pickle.ts";
import { elementCount, extent, type Storage, type TensorView } from "./tensor_view.ts";

const STORAGE_TYPES: Readonly<Record<string, StoredType>> = {
  "torch.DoubleStorage": "F64",
  "torch.FloatStorage": "F32",
  "torch.HalfStorage": "F16",
  "torch.BFloat16Storage": "BF16",
  "torch.LongStorage": "I64",
  "torch.IntStorage": "I32",
  "torch.ShortStorage": "I16",
  "torch.CharStorage": "I8",
  "torch.ByteStorage": "U8",
  "torch.BoolStorage": "BOOL",
};

/**
 * Objects that published checkpoints hold beside their tensors: the options of a training, its best accuracy. They
 * are kept as their names alone, so that the tensors beside them can be read.
 */
const PASSED_OVER = [
  "argparse.Namespace",
  "numpy.core.multiarray.scalar",
  "numpy._core.multiarray.scalar",
  "numpy.dtype",
  "_codecs.encode", // how protocol 2 writes the bytes of a NumPy scalar
  "pathlib.PosixPath",
  "pathlib._local.PosixPath",
  "torch.device",
];

/** Pickles come first in memory; those of the largest networks take a megabyte. */
export const MAX_PICKLE_BYTES = 16 << 20;

/** PyTorch's own bound on the axes of a tensor. */
const MAX_RANK = 64;

/** Pairs that dicts are made of, in all; one list could otherwise be copied over and over. */
const MAX_PAIRS = 100_000;

/** Python objects that pickled checkpoints may refer to; every other is refused. */
export function torchScope(): PickleScope & { readonly storages: ReadonlyMap<string, Storage> } {
  const storages = new Map<string, Storage>();
  let pairs = 0;
  const orderedDict = ([items]: readonly unknown[]) => {
    const count = Array.isArray(items) ? items.length : 0;
    if ((pairs += count) > MAX_PAIRS) throw new PickleError(`It makes dicts of more than ${MAX_PAIRS} pairs`);
    return new Map(entries(items));
  };
  const notCallable = () => {
    throw new PickleError("It calls a storage type, which only names one");
  };
  const all = (names: readonly string[], make: (name: string) => Constructor) =>
    Object.fromEntries(names.map((name) => [name, make(name)]));
  return {
    storages,
    globals: {
      "collections.OrderedDict": orderedDict,
      "torch._utils._rebuild_tensor": tensorView,
      "torch._utils._rebuild_tensor_v2": tensorView,
      "torch._utils._rebuild_parameter": ([data]) => data,
      "torch.Size": ([sizes]) => sizes,
      ...all(Object.keys(STORAGE_TYPES), () => notCallable),
      ...all(PASSED_OVER, (name) => () => new Opaque(name)),
    },
    persistent: (id) => {
      const storage = parseStorage(id), known = storages.get(storage.key);
      if (!known) storages.set(storage.key, storage);
      else if (known.dtype !== storage.dtype || known.elements !== storage.elements) {
        throw new PickleError(`It describes the storage ${quoted(storage.key)} in two ways`);
      }
      return known ?? storage;
    },
  };
}

/** What the user is told of a {@link PickleError}; any other error as it is. */
export function torchError(path: string, error: unknown): unknown {
  if (!(error instanceof PickleError)) return error;
  return new RunError(
    `The PyTorch file "${path}" cannot be read. ${error.message}; fetch it again, or save it as safetensors`,
  );
}

function entries(items: unknown): [unknown, unknown][] {
  if (items === undefined) return [];
  if (!Array.isArray(items) || !items.every((item) => Array.isArray(item) && item.length === 2)) {
    throw new PickleError("It makes an OrderedDict of something else than pairs");
  }
  return items;
}

/** `_rebuild_tensor_v2(storage, offset, size, stride, ...)`; what follows says how to train it. */
function tensorView([storage, offset, shape, strides]: readonly unknown[]): TensorView {
  if (!isStorage(storage) || !isCount(offset) || !isCounts(shape) || !isCounts(strides)) {
    throw new PickleError("It describes a tensor in an unknown way");
  }
  const rank = Math.max(shape.length, strides.length);
  if (rank > MAX_RANK) throw new PickleError(`It gives a tensor ${rank} axes`);
  if (shape.length !== strides.length) {
    throw new PickleError(`It gives a tensor [${shape}] the strides [${strides}]`);
  }
  const end = offset + extent({ shape, strides });
  if (end > storage.elements) {
    throw new PickleError(
      `It describes a tensor [${shape}] that ends at element ${end} of a storage of ${storage.elements}`,
    );
  }
  // Broadcast views could be any size; nothing that a network needs is larger than its storage.
  if (elementCount(shape) > storage.elements) {
    throw new PickleError(`It describes a tensor [${shape}] of a storage of ${storage.elements} elements`);
  }
  return { dtype: storage.dtype, shape: [...shape], strides: [...strides], offset, storage };
}

/** `("storage", type, key, device, elements, ...)`. */
function parseStorage(id: unknown): Storage {
  const [tag, type, key, , elements] = id instanceof Tuple ? id : [];
  const dtype = type instanceof Global ? STORAGE_TYPES[type.name] : undefined;
  if (tag !== "storage" || !dtype || typeof key !== "string" || !isCount(elements)) {
    throw new PickleError("It refers to a storage in an unknown way");
  }
  return { key, dtype, elements };
}

function isStorage(value: unknown): value is Storage {
  return typeof value === "object" && value !== null && "elements" in value && "key" in value;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isCount);
}
