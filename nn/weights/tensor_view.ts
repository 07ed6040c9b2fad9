/**
 * Tensors as views of blocks of elements: how PyTorch's and NumPy's files hold them.
 *
 * @module
 */
import {
  BYTES_PER_ELEMENT,
  RunError,
  type StoredType,
  type TensorInfo,
  toFloat32,
  type WeightsFile,
} from "@seed/core";

/** A block of elements that tensors are views of. */
export interface Storage {
  /** Its name in the file. */
  readonly key: string;
  readonly dtype: StoredType;
  /** Number of elements. */
  readonly elements: number;
}

/** A view of a storage; offset and strides count elements, and none is negative. */
export interface TensorView extends TensorInfo {
  readonly storage: Storage;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** Where the bytes of storages come from. */
export interface StorageReader extends Disposable {
  /** Bytes of a storage from the given one on. */
  read(key: string, begin: number, length: number): Uint8Array<ArrayBuffer>;
}

/** A file of views that is open for reading. Of a storage no more is read than a tensor's elements lie in. */
export class ViewsFile implements WeightsFile {
  readonly metadata = {};

  constructor(
    readonly path: string,
    readonly format: string,
    readonly tensors: ReadonlyMap<string, TensorView>,
    private readonly storages: StorageReader,
  ) {}

  read(name: string): Float32Array {
    const view = this.tensors.get(name);
    if (!view) throw new RunError(`The file "${this.path}" holds no tensor "${name}"`);
    const width = BYTES_PER_ELEMENT[view.dtype];
    const bytes = this.storages.read(view.storage.key, view.offset * width, extent(view) * width);
    return toFloat32(gather(view, bytes), view.dtype);
  }

  [Symbol.dispose](): void {
    this.storages[Symbol.dispose]();
  }
}

/** Number of elements of a shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Elements of the storage from a view's first to its last. */
export function extent({ shape, strides }: Pick<TensorView, "shape" | "strides">): number {
  return shape.includes(0) ? 0 : shape.reduce((end, size, axis) => end + (size - 1) * strides[axis], 1);
}

/** Strides of row-major order. */
export function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
}

/** Element types are copied as integers, so that no bit of them changes. */
const WORDS = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array };

/**
 * Puts a view's elements in row-major order.
 *
 * @param bytes The storage from the view's first element to its last; returned as they are if they are in order.
 */
function gather(
  { dtype, shape, strides }: Pick<TensorView, "dtype" | "shape" | "strides">,
  bytes: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  if (isRowMajor(shape, strides)) return bytes;
  const Words = WORDS[BYTES_PER_ELEMENT[dtype]], aligned = bytes.byteOffset % 8 ? bytes.slice() : bytes;
  const from = new Words(aligned.buffer, aligned.byteOffset, aligned.length / Words.BYTES_PER_ELEMENT);
  const to = new Words(elementCount(shape));
  const inner = shape.length - 1, length = shape[inner], stride = strides[inner];
  const index = shape.map(() => 0);
  for (let at = 0, row = 0; at < to.length;) {
    for (let i = 0; i < length; i++) to[at++] = from[row + i * stride];
    for (let axis = inner - 1; axis >= 0; axis--) {
      row += strides[axis];
      if (++index[axis] < shape[axis]) break;
      row -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return new Uint8Array(to.buffer);
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  const expected = rowMajor(shape);
  return shape.includes(0) || shape.every((size, axis) => size === 1 || strides[axis] === expected[axis]);
}
