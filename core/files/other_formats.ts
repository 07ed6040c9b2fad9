// deno-lint-ignore-file no-control-regex -- formats begin with such bytes
/** What people have in place of the file that they meant, by the first bytes as latin-1. */
const STARTS: readonly [RegExp, string][] = [
  [/^$/, "empty"],
  [
    /^version https:\/\/git-lfs/,
    "a pointer of Git LFS in place of the file itself (git lfs pull fetches it)",
  ],
  [/^\s*(<!doctype html|<html)/i, "a web page, probably of an error or of a page before the download"],
  [/^\s*<\?xml/, "an XML text, probably an error of the server"],
  [/^\x1f\x8b/, "compressed by gzip (gunzip it)"],
  [/^BZh[1-9]1AY&SY/, "compressed by bzip2"],
  [/^\xfd7zXZ\0/, "compressed by xz"],
  [/^\x28\xb5\x2f\xfd/, "compressed by zstd"],
  [/^PK\x03\x04/, "a zip archive (unpack it)"],
];

/**
 * What a file is that was meant to be of another format; null: nothing that is known.
 *
 * @param start Up to 512 bytes.
 */
export function otherFormat(start: Uint8Array): string | null {
  const text = String.fromCharCode(...start);
  return STARTS.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}
