/**
 * When a process's steps began and ended, and what they had cost until then. One clock for all processes of a machine.
 *
 * @module
 */
import process from "node:process";

/** A moment. */
export interface Mark {
  /** Milliseconds since 1970. */
  at: number;
  /** Milliseconds of processor that this process has used. */
  processor: number;
  /** Milliseconds of processor that the whole machine has used; what a hypervisor gave to other machines is in it. */
  machine: number;
}

export function mark(): Mark {
  const { user, system } = process.cpuUsage();
  return { at: now(), processor: (user + system) / 1e3, machine: machineTime() };
}

/** Milliseconds since 1970, finer than a whole one. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Linux counts it in hundredths of a second. */
function machineTime(): number {
  const [user, nice, system, _idle, _wait, irq, softirq, steal] = Deno.readTextFileSync("/proc/stat")
    .split("\n", 1)[0].split(/\s+/).slice(1).map(Number);
  return 10 * (user + nice + system + irq + softirq + steal);
}

/** A step. */
export interface Span {
  begin: Mark;
  end: Mark;
}

export const spans: Span[] = [];
let begun: Mark | null = null;
const ending = new AbortController();

/** Aborted when standard input has come to its end: the run is to stop. */
export const atEnd = ending.signal;

/**
 * Between two steps: says so by a line on standard output, and stands still, the event loop too, until a byte comes on
 * standard input.
 */
export function betweenSteps(): void {
  if (begun) spans.push({ begin: begun, end: mark() });
  Deno.stdout.writeSync(new TextEncoder().encode("\n"));
  if (Deno.stdin.readSync(new Uint8Array(1)) === null) ending.abort();
  begun = mark();
}
