import type { Sizes } from "./sizes.ts";

/** Milliseconds of wall time of a piece of work, which is done over and over. */
export interface Timed {
  /** The first, which traces and compiles. */
  firstMs: number;
  medianMs: number;
  leastMs: number;
  /** How many were timed. */
  count: number;
}

/** @param work Resolves when the device has done it. */
export async function timed(
  work: () => Promise<unknown>,
  { before, steps, seconds }: Sizes["timing"],
): Promise<Timed> {
  const once = async () => {
    const started = performance.now();
    await work();
    return performance.now() - started;
  };
  const firstMs = await once();
  for (let i = 1; i < before; i++) await once();
  const times: number[] = [], end = performance.now() + 1000 * seconds;
  while (times.length < steps && (times.length === 0 || performance.now() < end)) times.push(await once());
  times.sort((a, b) => a - b);
  return { firstMs, medianMs: times[times.length >> 1], leastMs: times[0], count: times.length };
}
