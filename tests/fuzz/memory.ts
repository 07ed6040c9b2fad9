/**
 * How much memory this process takes, and took at the most. Linux alone tells; elsewhere memory is not judged.
 *
 * @module
 */
const STATUS = "/proc/self/status", IS_TOLD = Deno.build.os === "linux";

/** Bytes in memory now. */
export const residentBytes = () => told("VmRSS");
/** The most there were since the peak was forgotten. */
export const peakBytes = () => told("VmHWM");

/** Forgets the peak. */
export function forgetPeak(): void {
  if (IS_TOLD) Deno.writeTextFileSync("/proc/self/clear_refs", "5");
}

function told(key: string): number {
  if (!IS_TOLD) return 0;
  return 1024 * Number(new RegExp(`${key}:\\s*(\\d+)`).exec(Deno.readTextFileSync(STATUS))![1]);
}
