/**
 * How long a step takes in many processes, and what of one process's speed they keep.
 *
 * @module
 */
import { type Carriers, loadOf, sumMs } from "./sum_model.ts";

/** What one process does in a step, without the others. Times are milliseconds. */
export interface Work {
  images: number;
  /** Teacher and student. */
  compute: number;
  /** How much that varies, from step to step and from process to process: a standard deviation. */
  spread: number;
  /** For the views of a step, made beside what computes; 0: they are in `compute`. */
  views: number;
  /** Bytes that are added up. */
  bytes: number;
  /** Bytes of the rows that it gives to all queues. */
  rows: number;
}

/** Where the processes are. */
export interface Cluster {
  hosts: number;
  processesPerHost: number;
  coresPerHost: number;
  /** Bits a second of each host's link in each direction; null: there is one host. */
  linkRate: number | null;
}

/** A step, in milliseconds. */
export interface StepTime {
  /** Until the slowest process has computed. */
  compute: number;
  /** By how much the views are later. */
  views: number;
  sum: number;
  /** The stop flag and the gather of rows. */
  small: number;
  total: number;
  imagesPerSecond: number;
  /** Of the speed that as many processes would have without each other. */
  efficiency: number;
}

export function stepOf(work: Work, cluster: Cluster, carriers: Carriers): StepTime {
  const { hosts, processesPerHost, coresPerHost: cores, linkRate } = cluster, all = hosts * processesPerHost;
  const carrier = hosts > 1 ? carriers.network : carriers.memory;
  const timeOf = (bytes: number) =>
    all === 1 ? 0 : sumMs(
      loadOf({ hosts, processesPerHost, linkRate, bytes }, { cores, sharing: processesPerHost }),
      carrier,
    );
  const alone = Math.max(work.compute, work.views);
  const compute = work.compute + work.spread * largestOf(all);
  const views = Math.max(0, work.views - compute);
  // A gather moves what each gives to all: as much as the half of a sum of all of it.
  const sum = timeOf(work.bytes), small = timeOf(4) + timeOf(work.rows * all / 2);
  const total = compute + views + sum + small;
  return {
    ...{ compute, views, sum, small, total },
    imagesPerSecond: 1000 * all * work.images / total,
    efficiency: alone / total,
  };
}

/** By how many standard deviations the largest of so many normal variables is above their mean. */
export function largestOf(count: number): number {
  if (count === 1) return 0;
  // The mean of a variable from its distribution F: the integral of (1 - F^n) above 0, less that of F^n below.
  const step = 0.001;
  let mean = 0, below = 0;
  for (let x = -8; x < 8; x += step) {
    below += step * Math.exp(-((x + step / 2) ** 2) / 2) / Math.sqrt(2 * Math.PI);
    const all = Math.min(1, below) ** count;
    mean += step * (x + step >= 0 ? 1 - all : -all);
  }
  return mean;
}
