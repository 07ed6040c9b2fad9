import { quoted, UsageError } from "@seed/core";

const SECONDS = { h: 3600, m: 60, s: 1 } as const;
/** Beyond a year it is a slip of the hand. */
const MOST = 365 * 24 * 3600, LEAST = 10;

/**
 * Seconds of a span of time as people write it: `20m`, `1h30m`, `90s`.
 *
 * @throws {UsageError} If it is none, or none from ten seconds to a year.
 */
export function parseTime(text: string): number {
  const parts = /^(?:\d+(?:\.\d+)?[hms])+$/.test(text) ? [...text.matchAll(/([\d.]+)([hms])/g)] : [];
  const seconds = parts.reduce((sum, [, n, unit]) => sum + Number(n) * SECONDS[unit as "h" | "m" | "s"], 0);
  if (seconds >= LEAST && seconds <= MOST) return seconds;
  throw new UsageError(
    `--time expects from ${LEAST} seconds to a year, such as 20m, 1h30m or 90s, got ${quoted(text)}`,
  );
}
