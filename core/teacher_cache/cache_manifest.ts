import { RunError } from "../errors.ts";

/** File of a cache that tells what it is of. */
export const MANIFEST = "cache.json";

/** Plain data that decides what an embedding is: two caches of the same identity hold the same embeddings. */
export type CacheIdentity = Record<string, unknown>;

/** What a cache is of. */
export interface CacheManifest {
  format: 1;
  identity: CacheIdentity;
  /** For people: where it came from. */
  about: Record<string, unknown>;
}

/**
 * The manifest of a cache; null if there is none.
 *
 * @throws {RunError} If it is damaged.
 */
export function readManifest(folder: string): CacheManifest | null {
  const path = `${folder}/${MANIFEST}`;
  let text;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  try {
    const manifest = JSON.parse(text);
    if (manifest?.format === 1 && isObject(manifest.identity) && isObject(manifest.about)) return manifest;
  } catch { /* said below */ }
  throw new RunError(
    `The file "${path}" does not tell what the cache holds: it is damaged, or of another version; delete the folder "${folder}", or name another in teacher.cache.dir`,
  );
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws {RunError} If the cache is of something else, telling what differs. */
export function requireSameIdentity(folder: string, found: CacheIdentity, wanted: CacheIdentity): void {
  const there = leaves(found), here = leaves(wanted);
  const keys = [...new Set([...there.keys(), ...here.keys()])];
  const differences = keys.filter((key) => there.get(key) !== here.get(key));
  if (differences.length === 0) return;
  const told = differences.map((key) =>
    `${key} is ${there.get(key) ?? "absent"} there and ${here.get(key) ?? "absent"} here`
  );
  throw new RunError(
    `The cache "${folder}" holds embeddings of other views:\n  ${told.join("\n  ")}\n` +
      "Name another folder in teacher.cache.dir, or delete this one",
  );
}

/** Leaves of nested data as JSON, by their path. */
function leaves(value: unknown, path = "", into = new Map<string, string>()): Map<string, string> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    for (const [key, part] of Object.entries(value)) leaves(part, path ? `${path}.${key}` : key, into);
  } else if (value !== undefined) into.set(path, JSON.stringify(value));
  return into;
}
