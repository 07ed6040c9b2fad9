import { RunError } from "@seed/core";

/** Variable that says how much compiled programs may take of the cache, in GB (1e9 bytes); 0: none is kept. */
export const CACHE_VARIABLE = "SEED_XLA_CACHE_GB";
const DEFAULT_GIGABYTES = 4;

/**
 * Bytes that compiled programs may take of the cache.
 *
 * @throws {RunError} If the variable is no such number.
 */
export function cacheSize(value: string | undefined = Deno.env.get(CACHE_VARIABLE)): number {
  const gigabytes = value ? Number(value) : DEFAULT_GIGABYTES;
  if (gigabytes >= 0 && Number.isFinite(gigabytes)) return 1e9 * gigabytes;
  throw new RunError(`${CACHE_VARIABLE} is "${value}", expected a number of GB, 0 or more, for example 4`);
}
