/**
 * Threads that an operation of this process is computed with, as far as its environment tells: the order of a sum, and
 * so its last bits, may depend on it.
 */
export function threadsOf(): number {
  return Number(Deno.env.get("TF_NUM_INTRAOP_THREADS") || navigator.hardwareConcurrency);
}
