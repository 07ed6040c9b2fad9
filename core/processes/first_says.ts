import type { Host } from "../interfaces/host.ts";
import { isFirst, type Processes } from "./processes.ts";

/** A host for what all processes do alike: the first alone says it. */
export function firstSays(host: Host, processes: Pick<Processes, "rank"> | null): Host {
  return isFirst(processes) ? host : { ...host, log() {} };
}
