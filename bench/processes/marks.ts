/**
 * When a process's steps began, and what they had cost until then. One clock for all processes of a machine.
 *
 * @module
 */
import process from "node:process";

/** The beginning of a step, which is the end of the one before. */
export interface Mark {
  /** Milliseconds since 1970. */
  at: number;
  /** Milliseconds of processor that this process has used. */
  processor: number;
  /** Milliseconds of processor that the whole machine has used; what a hypervisor gave to other machines is in it. */
  machine: number;
}

export const marks: Mark[] = [];

export function mark(): void {
  const { user, system } = process.cpuUsage();
  marks.push({ at: now(), processor: (user + system) / 1e3, machine: machineTime() });
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
