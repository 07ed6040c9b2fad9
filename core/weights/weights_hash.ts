import { RunError } from "../errors.ts";
import { checkSha256, sha256OfFiles } from "../fetch/file_hash.ts";
import type { WeightsPlace } from "../interfaces/student.ts";

/**
 * The hash of weights, hexadecimal: the file's SHA-256, or, of several files, the SHA-256 of the text of all their hashes,
 * a line each: the index's first, then those of the files in the order of their names.
 *
 * @param expected Null: whatever it is.
 * @throws {RunError} If it differs.
 */
export async function checkWeightsHash(
  { path, files }: WeightsPlace,
  expected: string | null,
): Promise<string> {
  if (!files) return await checkSha256(path, expected);
  const { all } = await sha256OfFiles(files);
  if (expected === null || all === expected.toLowerCase()) return all;
  throw new RunError(
    `The ${
      files.length - 1
    } files of the index "${path}" have with it the SHA-256 ${all}, but ${expected} is expected; ` +
      "they are others or damaged ones; docs/weights.md tells how it is computed",
  );
}
