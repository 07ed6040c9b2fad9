/**
 * What PyTorch pickles: tensors as views of storages. The containers around it differ, this does not.
 *
 * @module
 */
import { BYTES_PER_ELEMENT, type StoredType, type TensorInfo } from "@seed/core";
import { Global, PickleError, type PickleScope, quoted, Tuple } from "./pickle.ts";

/** A block of elements that tensors are views of. */
export interface Storage {
  /** Its name in the file. */
  readonly key: string;
  readonly dtype: StoredType;
  /** Number of elements. */
  readonly elements: number;
}

/** A view of a storage; offset and strides count elements. */
export interface TensorView extends TensorInfo {
  readonly storage: Storage;
  readonly offset: number;
  readonly strides: readonly number[];
}

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

/** PyTorch's own bound on the axes of a tensor. */
const MAX_RANK = 64;

/** Pairs that dicts are made of, in all; one list could otherwise be copied over and over. */
const MAX_PAIRS = 1_000_000;

/** Python objects that pickled tensors refer to; every other is refused. */
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
  return {
    storages,
    globals: {
      "collections.OrderedDict": orderedDict,
      "torch._utils._rebuild_tensor": tensorView,
      "torch._utils._rebuild_tensor_v2": tensorView,
      "torch._utils._rebuild_parameter": ([data]) => data,
      "torch.Size": ([sizes]) => sizes,
      ...Object.fromEntries(Object.keys(STORAGE_TYPES).map((name) => [name, notCallable])),
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

/**
 * Tensors of a pickled checkpoint by name: those of its `state_dict` or `model`, if it has one, else its own.
 *
 * @throws {PickleError} If there are none.
 */
export function namedTensors(checkpoint: unknown): Map<string, TensorView> {
  if (!(checkpoint instanceof Map)) throw new PickleError("It holds no dict of tensors");
  const inner = checkpoint.get("state_dict") ?? checkpoint.get("model");
  const dict: Map<unknown, unknown> = inner instanceof Map ? inner : checkpoint;
  const tensors = new Map<string, TensorView>();
  for (const [name, value] of dict) {
    if (typeof name === "string" && isTensorView(value)) tensors.set(name, value);
  }
  if (tensors.size === 0) throw new PickleError("It holds no named tensors");
  return tensors;
}

/** Copies a view's elements, row-major, out of its storage's bytes. */
export function gather(
  { dtype, shape, strides, offset }: TensorView,
  storage: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const width = BYTES_PER_ELEMENT[dtype], count = elementCount(shape);
  if (isContiguous(shape, strides)) return storage.slice(offset * width, (offset + count) * width);
  const result = new Uint8Array(count * width), index = shape.map(() => 0);
  for (let i = 0, from = offset; i < count; i++) {
    result.set(storage.subarray(from * width, (from + 1) * width), i * width);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis];
  }
  return true;
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
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
  const last = shape.includes(0)
    ? -1
    : shape.reduce((at, size, axis) => at + (size - 1) * strides[axis], offset);
  if (last >= storage.elements) {
    throw new PickleError(
      `It describes a tensor [${shape}] that ends at element ${last + 1} of a storage of ${storage.elements}`,
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

function isTensorView(value: unknown): value is TensorView {
  return typeof value === "object" && value !== null && "storage" in value && "strides" in value;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isCount);
}
