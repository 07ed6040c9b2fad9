/**
 * Writes what PyTorch pickles of a state dict: `collections.OrderedDict` of names to tensors, each a whole storage.
 * Python's `pickletools.py` describes the opcodes; `torch/_utils.py` what rebuilds a tensor.
 *
 * @module
 */

/** A tensor whose elements are a storage of its own, row-major. */
export interface PickledTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** PyTorch's class of its storage, for example `FloatStorage`. */
  readonly storage: string;
  /** The storage's name in the archive. */
  readonly key: string;
}

const PROTO = 0x80, STOP = 0x2e, MARK = 0x28, TUPLE = 0x74, EMPTY_TUPLE = 0x29, REDUCE = 0x52;
const GLOBAL = 0x63, BINUNICODE = 0x58, LONG1 = 0x8a, NEWFALSE = 0x89, BINPERSID = 0x51, SETITEMS = 0x75;

/** The pickle, of protocol 2. */
export function pickleStateDict(tensors: readonly PickledTensor[]): Uint8Array {
  return Uint8Array.from([
    ...[PROTO, 2, ...orderedDict(), MARK],
    ...tensors.flatMap((tensor) => [...text(tensor.name), ...rebuilt(tensor)]),
    ...[SETITEMS, STOP],
  ]);
}

/** `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks)`. */
function rebuilt({ shape, storage, key }: PickledTensor): number[] {
  const elements = shape.reduce((a, b) => a * b, 1);
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const id = tuple(text("storage"), global("torch", storage), text(key), text("cpu"), integer(elements));
  const [size, stride] = [shape, strides].map((values) => tuple(...values.map(integer)));
  return [
    ...global("torch._utils", "_rebuild_tensor_v2"),
    ...tuple([...id, BINPERSID], integer(0), size, stride, [NEWFALSE], orderedDict()),
    REDUCE,
  ];
}

function orderedDict(): number[] {
  return [...global("collections", "OrderedDict"), EMPTY_TUPLE, REDUCE];
}

function tuple(...items: number[][]): number[] {
  return [MARK, ...items.flat(), TUPLE];
}

function global(module: string, name: string): number[] {
  return [GLOBAL, ...new TextEncoder().encode(`${module}\n${name}\n`)];
}

function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [BINUNICODE, ...littleEndian(bytes.length, 4), ...bytes];
}

/** Eight bytes are enough for any size. */
function integer(value: number): number[] {
  return [LONG1, 8, ...littleEndian(value, 8)];
}

function littleEndian(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Math.floor(value / 2 ** (8 * i)) % 256);
}
