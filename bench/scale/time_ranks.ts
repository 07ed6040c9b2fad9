import { fileURLToPath } from "node:url";
import { PmiServer } from "../../cli/processes/mpi/mod.ts";
import { ROOT } from "../../tests/support/cli.ts";
import { CORES } from "../contest.ts";
import type { RankStart, Stretch } from "./rank.ts";

const RANK = fileURLToPath(new URL("./rank.ts", import.meta.url));

/** Where a process runs: words before its command, and what it has in its environment. */
export interface Hosted {
  inside: readonly string[];
  env: Record<string, string>;
}

/** A stretch of sums of all processes, by the sum. */
export interface Timed {
  length: number;
  ms: number;
  /** Of processor, of each process. */
  processorMs: number;
  /** Share of the machine that other programs took at the same time. */
  others: number;
}

/** Processes that talk by shared memory. */
export function onThisMachine(count: number): Hosted[] {
  return Array.from({ length: count }, () => ({ inside: [], env: { UCX_TLS: "self,sm" } }));
}

/**
 * Times sums of processes.
 *
 * @param at Where they find each other.
 */
export async function timeRanks(
  where: readonly Hosted[],
  at: { hostname: string; port: number },
  start: RankStart,
): Promise<Timed[]> {
  using server = new PmiServer(where.length, at);
  const command = [Deno.execPath(), "run", "--allow-all", "--config", `${ROOT}deno.json`, RANK];
  const children = where.map(({ inside, env }, rank) => {
    const [program, ...args] = [...inside, ...command, JSON.stringify(start)];
    return new Deno.Command(program, {
      args,
      env: { ...server.environment(rank), UCX_WARN_UNUSED_ENV_VARS: "n", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  });
  const ranks = await Promise.all(children.map(async (child, rank) => {
    const { success, code, signal, stdout, stderr } = await child.output(), text = new TextDecoder();
    // UCX says on standard output that signs of life were left over.
    if (success) return JSON.parse(text.decode(stdout).trimEnd().split("\n").at(-1)!) as Stretch[];
    for (const other of children) end(other);
    throw new Error(`Process ${rank} ended with ${signal ?? code}: ${text.decode(stderr)}`);
  }));
  return ranks[0].map(({ length, sums, begin, end }, i) => {
    const own = ranks.reduce((sum, stretches) => sum + processorOf(stretches[i]), 0),
      wall = end.at - begin.at;
    return {
      ...{ length, ms: wall / sums, processorMs: own / ranks.length / sums },
      others: Math.max(0, (end.machine - begin.machine - own) / (CORES * wall)),
    };
  });
}

/** The others wait for the one that failed. */
function end(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // it has ended
  }
}

function processorOf({ begin, end }: Stretch): number {
  return end.processor - begin.processor;
}

/** Stretches with more of others beside them are no quiet ones. */
const QUIET = 0.05, ENOUGH = 3;

/** What the stretches of a length come to: the median of the quiet ones; if they are too few, the fastest. */
export function pick(found: readonly Timed[], length: number): { one: Timed; isQuiet: boolean } {
  const own = found.filter((stretch) => stretch.length === length).sort((a, b) => a.ms - b.ms);
  const quiet = own.filter(({ others }) => others <= QUIET), isQuiet = quiet.length >= ENOUGH;
  return { one: isQuiet ? quiet[quiet.length >> 1] : own[0], isQuiet };
}

export function medianOf(stretches: readonly Timed[], of: (stretch: Timed) => number): number {
  return Number(stretches.map(of).sort((a, b) => a - b)[stretches.length >> 1].toPrecision(4));
}
