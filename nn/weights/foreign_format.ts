// deno-lint-ignore-file no-control-regex -- formats begin with such bytes
import { otherFormat } from "@seed/core";

/** More formats that people take for weights, by their first bytes as latin-1. */
const STARTS: readonly [RegExp, string][] = [
  [/^\s*[{[]/, "a JSON text"],
  [/^[^]{257}ustar/, "a tar archive (unpack it)"],
  [/^PK\x07\x08/, "the first part of a zip archive that is split into several (join them: zip -s 0)"],
  [/^\x89HDF\r\n/, "an HDF5 file, as Keras writes"],
  [/^\x93NUMPY/, "a single array without a name (numpy.savez keeps names)"],
  [/^GGUF/, "a GGUF file"],
  [/^[^]{4}TFL3/, "a TensorFlow Lite model"],
  [/^\x08[\x01-\x20]\x12/, "an ONNX model (a teacher of another kind, without a layout)"],
  [/^\x80[\x02-\x05]/, "a Python pickle, but none that torch.save wrote"],
];

/** The last bytes of LevelDB's tables, which TensorFlow's checkpoints have for an index. */
const TABLE_END = "\x57\xfb\x80\x8b\x24\x75\x47\xdb";

/**
 * What a file of no format that is read is, as well as its bytes tell.
 *
 * @param start Up to 512 bytes.
 * @param end Its last 22.
 */
export function formatOf(start: Uint8Array, end: Uint8Array): string {
  const text = latin1(start),
    known = otherFormat(start) ?? STARTS.find(([pattern]) => pattern.test(text))?.[1];
  if (known) return known;
  if (latin1(end.subarray(-8)) === TABLE_END) return "the index of a TensorFlow checkpoint";
  if (/^PK\x05\x06/.test(latin1(end))) {
    return "a zip archive with other bytes before it, or the last part of one that is split (join them: zip -s 0)";
  }
  const hex = [...start.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return `of an unknown format (it begins with the bytes ${hex})`;
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
