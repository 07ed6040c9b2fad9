/**
 * How long a sum of several processes takes: `MpiProcesses.sum`, where each process adds up one piece of the vector
 * (all-to-all) and gives it to all (all-gather in a ring).
 *
 * @module
 */
import type { Measured, Point, Way } from "./points.ts";

/** Constants of one way to carry bytes. Times are milliseconds. */
export interface Carrier {
  /** Of any sum, with a core of its own: the barrier, which is looked at once a millisecond, and the calls. */
  meet: number;
  /** For a byte that a process sends, takes and adds up, with a core of its own. */
  perByte: number;
  /** Of a link's rate, the part that carries the vector: the rest are headers and gaps. 1 without a link. */
  linkShare: number;
}

/** By shared memory, and over links. */
export interface Carriers {
  memory: Carrier;
  network: Carrier;
}

/** What a sum needs. */
export interface Load {
  /** Processes of the most crowded core: all wait for it. */
  crowd: number;
  /** Messages over links that come one after the other. */
  messages: number;
  /** Bytes that go through a process, times the crowd. */
  crowdedBytes: number;
  /** Milliseconds that a host's link needs at its full rate. */
  link: number;
}

/**
 * @param cores That the processes of a host have; of hosts in network namespaces of one machine, that all have.
 * @param sharing Processes that share these cores.
 */
export function loadOf(
  { hosts, processesPerHost, linkRate, bytes }: Way,
  { cores, sharing }: { cores: number; sharing: number },
): Load {
  const all = hosts * processesPerHost, moved = bytes * (all - 1) / all;
  // Out of a host in the all-to-all: of each of its processes the pieces of all that are elsewhere. In the all-gather's
  // ring one of them sends on all pieces but its neighbour's.
  const outside = processesPerHost * (bytes / all) * (all - processesPerHost) + moved;
  const crowd = Math.max(1, Math.ceil(sharing / cores));
  return {
    crowd,
    messages: linkRate === null ? 0 : 2 * (all - 1),
    crowdedBytes: moved * crowd,
    link: linkRate === null ? 0 : 8e3 * outside / linkRate,
  };
}

/** Of a message between two hosts, assumed: in network namespaces there is none to measure. Of many hosts it tells. */
const MESSAGE_MS = 0.03;

/** Milliseconds of a sum. While a link carries bytes, processors take and send others: the slower of the two tells. */
export function sumMs(load: Load, { meet, perByte, linkShare }: Carrier): number {
  const moving = Math.max(perByte * load.crowdedBytes, load.link / linkShare);
  return meet * load.crowd + MESSAGE_MS * load.messages + moving;
}

/** What a point of a measurement took of its machine. */
export function loadOfPoint(point: Point, { cores }: Pick<Measured, "cores">): Load {
  return loadOf(point, { cores, sharing: point.hosts * point.processesPerHost });
}

/** Whether the constants come from this point; the others try the model out. */
export function isFitted({ hosts, processesPerHost, linkRate }: Way): boolean {
  return linkRate === null
    ? [2, 4, 8].includes(processesPerHost)
    : processesPerHost === 1 && hosts !== 3 && linkRate !== 1e9;
}

/**
 * Whether other programs cannot have changed a point by much: the machine was quiet, or a slow link was what all waited
 * for. Of the others only an upper bound is known.
 */
export function isSound({ isQuiet, linkRate, bytes }: Point): boolean {
  return isQuiet || (linkRate !== null && linkRate <= 1e8 && bytes > 1e6);
}

/** The constants by which the largest relative error of the fitted points is smallest, on a grid. */
export function fit(measured: Measured): Carriers {
  const of = (overLinks: boolean): Carrier => {
    const points = measured.points.filter((point) =>
      isFitted(point) && isSound(point) && (point.linkRate !== null) === overLinks
    );
    const loads = points.map((point) => loadOfPoint(point, measured));
    let best: Carrier | null = null, least = Infinity;
    for (const linkShare of overLinks ? grid(0.6, 1, 0.01) : [1]) {
      for (const perByte of grid(0.2e-6, 4e-6, 0.02e-6)) {
        for (const meet of grid(1, 8, 0.1)) {
          const carrier = { meet, perByte, linkShare };
          const error = Math.max(
            ...loads.map((load, i) => Math.abs(sumMs(load, carrier) / points[i].ms - 1)),
          );
          if (error < least) [best, least] = [carrier, error];
        }
      }
    }
    if (!best) throw new Error("There are no points to fit constants to");
    return best;
  };
  return { memory: of(false), network: of(true) };
}

function grid(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step);
}
