/**
 * One run in several processes: each takes its slice of the global batch, and after each step all have the same
 * weights, bit for bit.
 *
 * @module
 */

/**
 * The processes of a run, as one of them sees them. A run in one process has none (`null`).
 *
 * What is asked here is asked by all of them, in the same order: each call ends when all have made it. Waiting costs
 * hardly any processor time, so that one may do something long (an evaluation) while the others wait.
 */
export interface Processes {
  /** Number of this process, from 0. The first owns the run's folder, loggers and checkpoints, and alone evaluates. */
  readonly rank: number;
  /** How many there are; at least 2. */
  readonly size: number;
  /** Name and version of what carries it, for the record of a run. */
  readonly carrier: string;
  /** Name of each process's machine, by rank. */
  readonly hosts: readonly string[];

  /**
   * Adds the values of all processes, in place. They are added in the order of their ranks, `((a + b) + c) + d`, in
   * float32: the same bits in each process and each run, and those of one process that adds up parts of its batch.
   *
   * @throws {ProcessesError} If another process is gone.
   */
  sum(values: Float32Array<ArrayBuffer>): Promise<void>;

  /**
   * The values of all processes one after the other, by rank; each gives as many.
   *
   * @throws {ProcessesError} If another process is gone.
   */
  gather(values: Float32Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>>;

  /**
   * What the first process gives, to all. The others give null.
   *
   * @throws {ProcessesError} If another process is gone.
   */
  broadcast(bytes: Uint8Array<ArrayBuffer> | null): Promise<Uint8Array<ArrayBuffer>>;

  /**
   * What each process says, by rank.
   *
   * @throws {ProcessesError} If another process is gone.
   */
  exchange(text: string): Promise<string[]>;
}

/** Whether this process is the first of them, or alone: who says and writes what is said and written once. */
export function isFirst(processes: Pick<Processes, "rank"> | null): boolean {
  return processes === null || processes.rank === 0;
}

/** How many of them share this process's machine; 1 if it is alone. */
export function processesHere(processes: Pick<Processes, "rank" | "hosts"> | null): number {
  if (processes === null) return 1;
  const { rank, hosts } = processes;
  return hosts.filter((host) => host === hosts[rank]).length;
}
