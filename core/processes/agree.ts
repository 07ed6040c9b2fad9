import { ProcessesError } from "../errors.ts";
import type { Processes } from "./processes.ts";

/** What must be the same in all processes, by what it is called in a message. */
export type Facts = Readonly<Record<string, string | number | null>>;

/**
 * Compares what must be the same in all processes, before anything depends on it.
 *
 * @param host Name of this machine, for the message.
 * @throws {ProcessesError} In the first process, if it is not; the others wait to be ended by it, so that there is
 *   one message.
 */
export async function agree(processes: Processes, facts: Facts, host: string): Promise<void> {
  const said = (await processes.exchange(JSON.stringify({ host, facts }))).map((text) =>
    JSON.parse(text) as { host: string; facts: Facts }
  );
  const problem = difference(said);
  if (problem === null) return;
  if (processes.rank === 0) throw new ProcessesError(problem);
  await processes.exchange("");
}

/** The first thing in which a process differs from the first one, if any does. */
function difference(said: readonly { host: string; facts: Facts }[]): string | null {
  const [first] = said, show = (value: Facts[string]) => value === null ? "none" : `"${value}"`;
  for (const [rank, { host, facts }] of said.entries()) {
    for (const name of new Set([...Object.keys(first.facts), ...Object.keys(facts)])) {
      const expected = first.facts[name] ?? null, found = facts[name] ?? null;
      if (expected === found) continue;
      return `Process ${rank} on ${host} has the ${name} ${
        show(found)
      }, but process 0 on ${first.host} has ` +
        `${show(expected)}; all processes of a run must have the same`;
    }
  }
  return null;
}
