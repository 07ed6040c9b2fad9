/** Element types of stored tensors, in safetensors' names. */
export type StoredType = keyof typeof BYTES_PER_ELEMENT;

/** Bytes of one element. */
export const BYTES_PER_ELEMENT = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
} as const;

/** What is known of a stored tensor before it is read. */
export interface TensorInfo {
  readonly dtype: StoredType;
  readonly shape: readonly number[];
}

/** A file of named tensors that is open for reading; tensors are read one by one. */
export interface WeightsFile extends Disposable {
  readonly path: string;
  /** The files that it consists of, an index first; not there if it is one file. */
  readonly files?: readonly string[];
  /** For example `safetensors`. */
  readonly format: string;
  /** Notes that the file carries about itself. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /**
   * Values in row-major order, converted to float32. Synchronous, so that a network is built of one tensor after the
   * other and no two copies of it are in memory.
   *
   * @throws {RunError} If the tensor is not there, or its bytes are damaged.
   */
  read(name: string): Float32Array;
}

/** Converts stored little-endian elements to float32: exact for F32, F16 and BF16. */
export function toFloat32(bytes: Uint8Array, dtype: StoredType): Float32Array {
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const { buffer, byteOffset } = aligned, count = aligned.byteLength / BYTES_PER_ELEMENT[dtype];
  switch (dtype) {
    case "F32":
      return new Float32Array(buffer, byteOffset, count);
    case "F64":
      return Float32Array.from(new Float64Array(buffer, byteOffset, count));
    case "F16":
      return Float32Array.from(new Float16Array(buffer, byteOffset, count));
    case "BF16": {
      const wide = Uint32Array.from(new Uint16Array(buffer, byteOffset, count), (half) => half << 16);
      return new Float32Array(wide.buffer);
    }
    case "I64":
      return Float32Array.from(new BigInt64Array(buffer, byteOffset, count), Number);
    case "U64":
      return Float32Array.from(new BigUint64Array(buffer, byteOffset, count), Number);
    case "I32":
      return Float32Array.from(new Int32Array(buffer, byteOffset, count));
    case "U32":
      return Float32Array.from(new Uint32Array(buffer, byteOffset, count));
    case "I16":
      return Float32Array.from(new Int16Array(buffer, byteOffset, count));
    case "U16":
      return Float32Array.from(new Uint16Array(buffer, byteOffset, count));
    case "I8":
      return Float32Array.from(new Int8Array(buffer, byteOffset, count));
    case "U8":
    case "BOOL":
      return Float32Array.from(aligned);
  }
}
