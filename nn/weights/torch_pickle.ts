/**
 * What PyTorch pickles: tensors as views of storages. The containers around it differ, this does not.
 *
 * @module
 */
import { quoted, RunError, type StoredType } from "@seed/core";
import { Global, Opaque, PickleError, type PickleScope, Tuple, UnreadPickle } from "./pickle.ts";
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

/** Pickles come first in memory; those of the largest networks take a megabyte. */
export const MAX_PICKLE_BYTES = 16 << 20;

/** PyTorch's own bound on the axes of a tensor. */
const MAX_RANK = 64;

/** Pairs that dicts are made of, in all; one list could otherwise be copied over and over. */
const MAX_PAIRS = 100_000;

/** What a reader of PyTorch's containers gets to know of a pickle. */
export interface TorchScope extends PickleScope {
  readonly storages: ReadonlyMap<string, Storage>;
  /** Storages of types that are not read, complex numbers for example: their types by key. */
  readonly foreign: ReadonlyMap<string, string>;
}

/** Python objects that tensors and state dicts are made of; of every other only its name is kept. */
export function torchScope(): TorchScope {
  const storages = new Map<string, Storage>();
  const foreign = new Map<string, string>();
  let pairs = 0;
  const orderedDict = ([items]: readonly unknown[]) => {
    const count = Array.isArray(items) ? items.length : 0;
    if ((pairs += count) > MAX_PAIRS) throw new PickleError(`It makes dicts of more than ${MAX_PAIRS} pairs`);
    return new Map(entries(items));
  };
  const notCallable = () => {
    throw new PickleError("It calls a storage type, which only names one");
  };
  return {
    storages,
    foreign,
    globals: {
      "collections.OrderedDict": orderedDict,
      "torch._utils._rebuild_tensor": tensorView,
      "torch._utils._rebuild_tensor_v2": tensorView,
      "torch._utils._rebuild_parameter": ([data]) => data,
      "torch._utils._rebuild_parameter_with_state": ([data]) => data,
      "torch._tensor._rebuild_from_type_v2": tensorWithAttributes,
      "torch.Size": ([sizes]) => sizes,
      ...Object.fromEntries(Object.keys(STORAGE_TYPES).map((name) => [name, notCallable])),
    },
    persistent: (id) => {
      const storage = parseStorage(id);
      if (storage instanceof Global) return storage;
      if (storage.dtype === null) {
        foreign.set(storage.key, storage.type);
        return new Opaque(storage.type);
      }
      const known = storages.get(storage.key);
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
  const remedy = error instanceof UnreadPickle
    ? "a state dict is read; save one where the file is trusted: torch.save(model.state_dict(), ...)"
    : "fetch it again, or save it as safetensors";
  return new RunError(`The PyTorch file "${path}" cannot be read. ${error.message}; ${remedy}`);
}

function entries(items: unknown): [unknown, unknown][] {
  if (items === undefined) return [];
  if (!Array.isArray(items) || !items.every((item) => Array.isArray(item) && item.length === 2)) {
    throw new PickleError("It makes an OrderedDict of something else than pairs");
  }
  return items;
}

/** `_rebuild_tensor_v2(storage, offset, size, stride, ...)`; what follows says how to train it. */
function tensorView([storage, offset, shape, strides]: readonly unknown[]): TensorView | Opaque {
  if (storage instanceof Opaque) return storage;
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

/** `_rebuild_from_type_v2(function, type, arguments, attributes)`: a tensor that Python code gave attributes. */
function tensorWithAttributes([rebuild, type, args]: readonly unknown[]): unknown {
  const isPlain = rebuild instanceof Global &&
    /^torch\._utils\._rebuild_(tensor|parameter)/.test(rebuild.name) &&
    type instanceof Global && ["torch.Tensor", "torch.nn.parameter.Parameter"].includes(type.name);
  return isPlain && args instanceof Tuple
    ? rebuild.construct(args)
    : new Opaque(type instanceof Global ? type.name : "torch.Tensor");
}

/** `("storage", type, key, device, elements, ...)`; the older container has `("module", class, ...)` for networks. */
function parseStorage(id: unknown): Storage | { key: string; dtype: null; type: string } | Global {
  const [tag, type, key, , elements, view] = id instanceof Tuple ? id : [];
  if (tag === "module" && type instanceof Global) return type;
  if (tag !== "storage" || !(type instanceof Global) || typeof key !== "string" || !isCount(elements)) {
    throw new PickleError("It refers to a storage in an unknown way");
  }
  if (view instanceof Tuple) throw new UnreadPickle("It has storages that are parts of others");
  const dtype = Object.hasOwn(STORAGE_TYPES, type.name) ? STORAGE_TYPES[type.name] : null;
  return dtype === null ? { key, dtype, type: type.name } : { key, dtype, elements };
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
