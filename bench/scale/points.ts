/** One way to add up vectors of processes. */
export interface Way {
  /** Machines; 1: the processes talk by shared memory. */
  hosts: number;
  processesPerHost: number;
  /** What a host's link lets through in each direction, in bits a second; null: there is none. */
  linkRate: number | null;
  /** Bytes of each process's vector. */
  bytes: number;
}

/** What it took. */
export interface Point extends Way {
  /** Milliseconds of a sum: of the median of the stretches in which the machine was quiet, else of the fastest. */
  ms: number;
  /** Milliseconds of processor that a sum took of each process in that stretch. */
  processorMs: number;
  /** Share of the machine that other programs took in it. */
  others: number;
  /** Whether there were enough quiet stretches. */
  isQuiet: boolean;
}

/** What was measured on one machine. */
export interface Measured {
  machine: string;
  /** Cores that all processes share, those of hosts in network namespaces too. */
  cores: number;
  date: string;
  command: string;
  points: Point[];
}
