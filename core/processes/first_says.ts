import type { Host } from "../interfaces/host.ts";
import type { Processes } from "./processes.ts";

/** A host for what all processes do alike: the first alone says it. */
export function firstSays(host: Host, processes: Pick<Processes, "rank"> | null): Host {
  return processes === null || processes.rank === 0 ? host : { ...host, log() {} };
}
