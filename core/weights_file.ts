/** Element types of stored tensors, in safetensors' names. */
export type StoredType = "F64" | "F32" | "F16" | "BF16" | "I64" | "I32" | "I16" | "I8" | "U8" | "BOOL";

/** Bytes of one element. */
export const BYTES_PER_ELEMENT: Record<StoredType, number> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** What is known of a stored tensor before it is read. */
export interface TensorInfo {
  readonly dtype: StoredType;
  readonly shape: readonly number[];
}

/** A file of named tensors that is open for reading; tensors are read one by one. */
export interface WeightsFile extends Disposable {
  readonly path: string;
  /** For example `safetensors`. */
  readonly format: string;
  /** Notes that the file carries about itself. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Values in row-major order, converted to float32. */
  read(name: string): Promise<Float32Array>;
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
    case "I32":
      return Float32Array.from(new Int32Array(buffer, byteOffset, count));
    case "I16":
      return Float32Array.from(new Int16Array(buffer, byteOffset, count));
    case "I8":
      return Float32Array.from(new Int8Array(buffer, byteOffset, count));
    case "U8":
    case "BOOL":
      return Float32Array.from(aligned);
  }
}
