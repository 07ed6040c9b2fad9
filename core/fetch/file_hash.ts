import { createHash } from "node:crypto";
import { RunError } from "../errors.ts";
import { openRegular } from "../files/regular_file.ts";

/** SHA-256 of a file, hexadecimal; the file is streamed. */
export async function sha256OfFile(path: string): Promise<string> {
  return await hashOfFile(path, "sha256");
}

/**
 * Hash of a file, hexadecimal; the file is streamed. MD5 is for what is published with no other.
 *
 * @throws {RunError} If there is no such file, or it is a pipe or a device.
 */
export async function hashOfFile(path: string, algorithm: "sha256" | "md5"): Promise<string> {
  using file = await openRegular(path);
  const hash = createHash(algorithm);
  const buffer = new Uint8Array(1 << 20);
  for (let count; (count = await file.read(buffer)) !== null;) hash.update(buffer.subarray(0, count));
  return hash.digest("hex");
}

/**
 * Makes sure that a file is the one that was meant.
 *
 * @param expected Hexadecimal SHA-256; null: whatever the file's is.
 * @returns the file's SHA-256.
 * @throws {RunError} If it differs.
 */
export async function checkSha256(path: string, expected: string | null): Promise<string> {
  const actual = await sha256OfFile(path);
  if (expected !== null && actual !== expected.toLowerCase()) {
    throw new RunError(
      `The file "${path}" has the SHA-256 ${actual}, but ${expected} is expected; it is another file or a damaged one`,
    );
  }
  return actual;
}

/**
 * The hash of several files as one: the SHA-256 of the text of their hashes, a line each.
 *
 * @returns it, and those of the files in turn, hexadecimal.
 */
export async function sha256OfFiles(paths: readonly string[]): Promise<{ all: string; each: string[] }> {
  const each: string[] = [];
  for (const path of paths) each.push(await sha256OfFile(path));
  const all = createHash("sha256").update(each.map((hash) => `${hash}\n`).join("")).digest("hex");
  return { all, each };
}
