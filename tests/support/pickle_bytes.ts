/**
 * Pickles, opcode by opcode, and PyTorch's containers around them.
 *
 * @module
 */
import { concat, type Member, zipOf } from "./weight_bytes.ts";

/** Opcodes and their arguments: texts as they are, numbers as bytes. */
export function opcodes(...parts: (string | number)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((p) => typeof p === "number" ? [p] : [...new TextEncoder().encode(p)]),
  );
}

/** `count` times the opcodes. */
export function repeat(count: number, ...parts: (string | number)[]): Uint8Array {
  const once = opcodes(...parts), all = new Uint8Array(count * once.length);
  for (let i = 0; i < count; i++) all.set(once, i * once.length);
  return all;
}

/** A text of fewer than 256 bytes. */
export const text = (value: string) => [0x8c, value.length, value];

/** A reference to a storage of four float32 elements. */
export const STORAGE = [
  ...["(", ...text("storage"), "ctorch\nFloatStorage\n", ...text("a"), ...text("cpu"), "K", 4, "tQ"],
];

/** Begins the rebuilding of a tensor of a storage; offset, shape and strides follow, then `tR`. */
export const TENSOR = ["ctorch._utils\n_rebuild_tensor_v2\n(", ...STORAGE];

/** The bytes of the storage, all zero. */
const VALUES = new Uint8Array(16);

/** The container before 1.6, with the pickle of its objects, and of its storages' keys. */
export function legacyContainer(
  objects: Uint8Array,
  keys = opcodes("]", ...text("a"), "a"),
  storages = concat(Uint8Array.of(4, 0, 0, 0, 0, 0, 0, 0), VALUES),
): Uint8Array {
  const magic = Uint8Array.of(0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19);
  const pickles = [magic, opcodes("M", 0xe9, 3), opcodes("}"), objects, keys].map(whole);
  return concat(...pickles, storages);
}

/** The container since 1.6, with the pickle of its objects. */
export function zipContainer(objects: Uint8Array, others: readonly Member[] = []): Uint8Array {
  return zipOf([
    { name: "archive/data.pkl", data: whole(objects) },
    { name: "archive/data/a", data: VALUES },
    ...others,
  ]);
}

/** With its protocol and its end. */
function whole(pickle: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(0x80, 2), pickle, Uint8Array.of(0x2e));
}
