// deno-lint-ignore-file no-control-regex -- formats begin with such bytes
/** Formats that people take for weights, by their first bytes as latin-1. */
const STARTS: readonly [RegExp, string][] = [
  [/^$/, "empty"],
  [
    /^version https:\/\/git-lfs/,
    "a pointer of Git LFS in place of the file itself (git lfs pull fetches it)",
  ],
  [/^\s*(<!doctype html|<html)/i, "a web page, probably of an error or of a page before the download"],
  [/^\s*<\?xml/, "an XML text, probably an error of the server"],
  [/^\s*[{[]/, "a JSON text"],
  [/^\x1f\x8b/, "compressed by gzip (gunzip it)"],
  [/^BZh/, "compressed by bzip2"],
  [/^\xfd7zXZ/, "compressed by xz"],
  [/^\x28\xb5\x2f\xfd/, "compressed by zstd"],
  [/^[^]{257}ustar/, "a tar archive (unpack it)"],
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
 * @param end Its last 8.
 */
export function formatOf(start: Uint8Array, end: Uint8Array): string {
  const text = latin1(start), known = STARTS.find(([pattern]) => pattern.test(text));
  if (known) return known[1];
  if (latin1(end) === TABLE_END) return "the index of a TensorFlow checkpoint";
  const hex = [...start.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return `of an unknown format (it begins with the bytes ${hex})`;
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
