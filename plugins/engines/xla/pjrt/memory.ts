/**
 * Memory that native code is told the address of.
 *
 * @module
 */

/** The address of a view's bytes, which stay where they are as long as someone holds the view. */
export function addressOf(view: ArrayBufferView<ArrayBuffer>): bigint {
  // A small typed array lies in JavaScript's heap, where it may move, until its buffer is asked for.
  void view.buffer;
  return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(view)));
}

/** @throws {Error} If the address is 0. */
export function pointerTo<T = unknown>(address: bigint): Deno.PointerObject<T> {
  const pointer = Deno.UnsafePointer.create<T>(address);
  if (pointer === null) throw new Error("The plugin has given a null pointer");
  return pointer;
}

/** A copy of `size` bytes of foreign memory. */
export function copyOf(address: bigint, size: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(new ArrayBuffer(size));
  if (size > 0) Deno.UnsafePointerView.copyInto(pointerTo(address), copy);
  return copy;
}

/** A copy of an array of foreign pointers. */
export function pointersAt(address: bigint, count: number): bigint[] {
  return [...new BigUint64Array(copyOf(address, 8 * count).buffer)];
}

/** A copy of foreign text. */
export function textAt(address: bigint, size: number): string {
  return new TextDecoder().decode(copyOf(address, size));
}

/** Numbers of 64 bits, for sizes and lists of pointers; never empty, so that it has an address. */
export function words(values: readonly (number | bigint)[]): BigInt64Array<ArrayBuffer> {
  return BigInt64Array.from(values.length ? values : [0], BigInt);
}
