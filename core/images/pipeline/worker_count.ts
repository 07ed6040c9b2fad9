import { memoryLimit } from "../../memory_limit.ts";
import { formatBytes } from "../../text/format_bytes.ts";

/** More threads than this wait for the disk, not the processor. */
const MAX_AUTO_WORKERS = 8;

/**
 * What a worker takes: 25 MB by itself, and at 12 megapixels a picture, two of them, decoded and in libvips. Measured
 * with PNGs of that size: 190 MB.
 */
export const WORKER_BYTES = 250e6;

/** Share of the memory that workers may take: the networks need the rest. */
const SHARE = 0.5;

/** What a process may use; a test gives others. */
export interface Machine {
  /** Of the machine, or fewer: Deno minds affinity and the quota of a control group (cgroups v1 and v2). */
  cores: number;
  /** Bytes of the machine or its container; null: not known. */
  memory: number | null;
}

function machine(): Machine {
  return { cores: navigator.hardwareConcurrency, memory: memoryLimit() };
}

/**
 * As many threads as there are cores, within reason and within memory, of this machine or this container.
 *
 * @param among Processes that share the machine.
 */
export function autoWorkers(among = 1, { cores, memory }: Machine = machine()): number {
  const most = Math.floor(Math.min(cores, workersFor(memory)) / among);
  return Math.max(1, Math.min(MAX_AUTO_WORKERS, most));
}

/** Why there cannot be so many workers; null: there can. As many as there are cores are never too many. */
export function problemOfWorkers(workers: number, { cores, memory }: Machine = machine()): string | null {
  const most = Math.max(1, cores, workersFor(memory));
  if (workers <= most) return null;
  return `Expected at most ${most}, got ${workers}: a worker takes about ${
    formatBytes(WORKER_BYTES)
  }, and they may ` +
    `take half of the ${
      formatBytes(memory!)
    } that this machine has (${cores} cores); lower it, or take "auto"`;
}

function workersFor(memory: number | null): number {
  return memory === null ? Infinity : Math.floor(SHARE * memory / WORKER_BYTES);
}
