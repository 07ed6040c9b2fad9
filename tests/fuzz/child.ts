/**
 * The process that reads mutants: it may die of one, or hang. A line on its output says which one it begins, and another
 * what became of it.
 *
 * @module
 */
import { judge } from "./judge.ts";
import { Mutants } from "./mutants.ts";
import type { Reader } from "./reader.ts";

/** What a child is to do. */
export interface Order {
  /** Module that exports `READERS`. */
  table: string;
  /** Readers, and the first mutant of each. */
  readers: Record<string, number>;
  seed: number;
  /** When it ends, in seconds; or after so many mutants of each reader. */
  seconds: number | null;
  count: number | null;
}

/** What it says. */
export type Report =
  | { kind: "begin"; reader: string; index: number }
  | { kind: "end"; outcome: "accepted" | "refused" }
  | { kind: "end"; outcome: "fault"; what: string; seed: string; victim: string; bytes: string };

/** Milliseconds that a reader has before it is another's turn. */
const TURN = 300;

async function run(order: Order): Promise<void> {
  const { READERS } = await import(order.table) as { READERS: readonly Reader[] },
    started = performance.now();
  const folder = await Deno.makeTempDir({ prefix: "seed-fuzz-", dir: await inMemory() });
  try {
    const mutants = await Promise.all(
      READERS.filter(({ name }) => name in order.readers).map((reader) => Mutants.of(reader, order.seed)),
    );
    const next = new Map(mutants.map(({ reader: { name } }) => [name, order.readers[name]]));
    const isOver = () => order.seconds !== null && performance.now() - started > 1000 * order.seconds;
    const isDone = (name: string) => order.count !== null && next.get(name)! >= order.count;
    while (!isOver() && [...next.keys()].some((name) => !isDone(name))) {
      for (const one of mutants) {
        const { name } = one.reader, end = performance.now() + TURN;
        while (performance.now() < end && !isDone(name) && !isOver()) {
          const index = next.get(name)!;
          next.set(name, index + 1);
          say({ kind: "begin", reader: name, index });
          say(await outcomeOf(one, index, folder));
        }
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function outcomeOf(mutants: Mutants, index: number, folder: string): Promise<Report> {
  const mutant = mutants.at(index), outcome = await judge(mutants.reader, mutant, folder);
  if (outcome.kind !== "fault") return { kind: "end", outcome: outcome.kind };
  const [victim] = mutant.victims!, bytes = mutant.files[victim].toBase64();
  return { kind: "end", outcome: "fault", what: outcome.what, seed: mutant.name, victim, bytes };
}

/** Files that are written and read thousands of times need not get to a disk. */
async function inMemory(): Promise<string | undefined> {
  return (await Deno.stat("/dev/shm").catch(() => null))?.isDirectory ? "/dev/shm" : undefined;
}

/** Said before anything else happens: a crash must not swallow it. */
function say(report: Report): void {
  const line = new TextEncoder().encode(`${JSON.stringify(report)}\n`);
  for (let at = 0; at < line.length;) at += Deno.stdout.writeSync(line.subarray(at));
}

if (import.meta.main) {
  console.log = console.error; // the output is for reports
  await run(JSON.parse(Deno.args[0]));
  Deno.exit(0); // whatever mutants have left running
}
