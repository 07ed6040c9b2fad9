import { quoted } from "@seed/core";
import { Global, Opaque, PickleError, UnreadPickle } from "./pickle.ts";
import type { TensorView } from "./tensor_view.ts";

/** Values that a checkpoint is made of, each as often as it is referred to; stops dicts that hold each other. */
const MAX_VALUES = 100_000;

/** Dicts within dicts; those of published checkpoints are five deep. */
const MAX_DEPTH = 32;

/** Characters of a name. */
const MAX_NAME = 300;

/** The dict of a checkpoint that is its network, where there is one; what is beside it is left alone. */
const WRAPPERS = ["state_dict", "model"];

/**
 * Tensors of a pickled checkpoint by name: those of its `state_dict` or `model`, if it has one and no copy of it
 * (`state_dict_ema`) beside it, else its own. Keys of
 * dicts within dicts, and positions in lists, are joined with dots: `teacher.backbone.norm.weight`. Everything that
 * is no tensor (the epoch, options of the training) is passed over, and what is in Python's other objects.
 *
 * @throws {PickleError} If there are none, or two have one name.
 */
export function namedTensors(checkpoint: unknown): Map<string, TensorView> {
  if (!(checkpoint instanceof Map)) {
    throw new UnreadPickle(`It holds ${kindOf(checkpoint)}, no dict of tensors`);
  }
  const inner = innerOf(checkpoint);
  for (const key of inner ? [] : WRAPPERS) {
    const value = checkpoint.get(key);
    if (value instanceof Opaque) {
      throw new UnreadPickle(`Its ${quoted(key)} is ${kindOf(value)}, no dict of tensors`);
    }
  }
  const tensors = new Map<string, TensorView>();
  let left = MAX_VALUES;
  const collect = (prefix: string, children: Iterable<[unknown, unknown]>, depth: number) => {
    if (depth > MAX_DEPTH) throw new PickleError(`Its dicts are more than ${MAX_DEPTH} deep`);
    for (const [key, value] of children) {
      if (--left < 0) throw new UnreadPickle(`It is made of more than ${MAX_VALUES} values`);
      const inside = childrenOf(value);
      // What has no name is no weight: an optimizer may keep tensors by objects.
      if ((!inside && !isTensorView(value)) || !isName(key)) continue;
      const name = join(prefix, key);
      if (inside) collect(`${name}.`, inside, depth + 1);
      else if (tensors.has(name)) throw new PickleError(`It holds two tensors ${quoted(name)}`);
      else tensors.set(name, value as TensorView);
    }
  };
  collect("", inner ?? checkpoint, 0);
  if (tensors.size === 0) throw new UnreadPickle(`It holds no named tensors${besides(inner ?? checkpoint)}`);
  return tensors;
}

/** The dict that is the network; null if there is none, or another of the same names, which is not for us to choose. */
function innerOf(checkpoint: Map<unknown, unknown>): Map<unknown, unknown> | null {
  const inner = WRAPPERS.map((key) => checkpoint.get(key)).find((value) => value instanceof Map);
  if (inner === undefined) return null;
  const first = [...inner.keys()].find((key) => isTensorView(inner.get(key)));
  const copies = [...checkpoint.values()].filter((value) =>
    value instanceof Map && isTensorView(value.get(first))
  );
  return copies.length > 1 ? null : inner;
}

/** What a value is, for errors. */
function kindOf(value: unknown): string {
  if (value instanceof Opaque || value instanceof Global) {
    return `the Python object ${quoted(value.name)}`;
  }
  if (isTensorView(value)) return "a tensor without a name";
  return Array.isArray(value) ? "a list" : "a plain value";
}

/** Which Python objects are where tensors are expected: NumPy's arrays, for example. */
function besides(checkpoint: Map<unknown, unknown>): string {
  const other = [...checkpoint.values()].find((value) => value instanceof Opaque);
  if (!(other instanceof Opaque)) return "";
  return /^numpy\./.test(other.name)
    ? ", but NumPy's arrays, which are read from an .npz (numpy.savez)"
    : `, but values made by Python's ${quoted(other.name)}`;
}

function childrenOf(value: unknown): Iterable<[unknown, unknown]> | null {
  if (value instanceof Map) return value;
  return Array.isArray(value) ? value.entries() : null;
}

function isName(key: unknown): key is string | number {
  return typeof key === "string" || typeof key === "number";
}

function join(prefix: string, key: string | number): string {
  if (prefix.length + String(key).length > MAX_NAME) {
    throw new PickleError(`It gives a tensor a name of more than ${MAX_NAME} characters`);
  }
  return prefix + key;
}

function isTensorView(value: unknown): value is TensorView {
  return typeof value === "object" && value !== null && "storage" in value && "strides" in value;
}
