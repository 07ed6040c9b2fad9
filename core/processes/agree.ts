import { ProcessesError } from "../errors.ts";
import { listingHash } from "../images/listing_hash.ts";
import type { ImageSet } from "../interfaces/data_source.ts";
import type { Engine } from "../interfaces/engine.ts";
import { SEED_VERSION } from "../version.ts";
import { endedByFirst } from "./go_on_together.ts";
import type { Processes } from "./processes.ts";
import { threadsOf } from "./threads.ts";

/** What must be the same in all processes, by what it is called in a message. */
export type Facts = Readonly<Record<string, string | number | null>>;

/** What makes the same numbers in all processes, whatever they compute. */
export function factsOf(
  { name, version, device, deviceCount = 1 }: Pick<Engine, "name" | "version" | "device" | "deviceCount">,
): Facts {
  return {
    "version of SEED": SEED_VERSION,
    "engine": `${name} ${version} on ${device}`,
    // The order of a sum may depend on these.
    "number of devices": deviceCount,
    "number of threads": threadsOf(),
  };
}

/** Of images, as they are listed. */
export function listingFact(images: ImageSet): string {
  return `${images.length} images, ${listingHash(images).slice(0, 16)}`;
}

/**
 * Compares what must be the same in all processes, before anything depends on it.
 *
 * @throws {ProcessesError} In the first process, if it is not; the others wait to be ended by it, so that there is
 *   one message.
 */
export async function agree(processes: Processes, facts: Facts): Promise<void> {
  const said = (await processes.exchange(JSON.stringify(facts))).map((text) => JSON.parse(text) as Facts);
  const problem = difference(said, processes.hosts);
  if (problem === null) return;
  if (processes.rank === 0) throw new ProcessesError(problem);
  await endedByFirst(processes);
}

/** The first thing in which a process differs from the first one, if any does. */
function difference(said: readonly Facts[], hosts: readonly string[]): string | null {
  const [first] = said, show = (value: Facts[string]) => value === null ? "none" : `"${value}"`;
  for (const [rank, facts] of said.entries()) {
    for (const name of new Set([...Object.keys(first), ...Object.keys(facts)])) {
      const expected = first[name] ?? null, found = facts[name] ?? null;
      if (expected === found) continue;
      return `Process ${rank} on ${hosts[rank]} has the ${name} ${show(found)}, but process 0 on ${
        hosts[0]
      } has ` +
        `${show(expected)}; all processes of a run must have the same`;
    }
  }
  return null;
}
