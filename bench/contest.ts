/**
 * Who is compared, and what each call cost. `deno bench` times; processor time, which other work on the machine
 * changes less than wall time, is kept beside it.
 *
 * @module
 */
import process from "node:process";

/** What one call took, in seconds. */
export interface Cost {
  wall: number;
  /** User and system time, divided by the number of cores that compute. */
  processor: number;
}

/** One of those compared. */
export interface Contestant {
  name: string;
  /** Runs once; returns the processor time in seconds, over all cores. */
  run(): Promise<number>;
}

export const CORES = navigator.hardwareConcurrency;

/** The processor time that `work` takes in this process, in seconds, over all cores. */
export async function processorTime(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Registers contestants with `deno bench` and keeps what their calls cost. */
export class Contest {
  readonly #costs = new Map<string, Cost[]>();

  /**
   * @param options.turns How often each comes up: they take turns, so that a busy spell of the machine strikes all
   *   of them. A turn is about three calls.
   * @param options.cores How many cores a call computes on.
   */
  constructor(
    private readonly group: string,
    contestants: readonly Contestant[],
    { turns, cores }: { turns: number; cores: number },
  ) {
    for (let turn = 1; turn <= turns; turn++) {
      for (const { name, run } of contestants) {
        Deno.bench({
          name: turns > 1 ? `${name}, turn ${turn}` : name,
          group: this.group,
          n: 1,
          warmup: 1,
          fn: async (bench) => {
            bench.start();
            const start = performance.now(), processor = await run();
            const wall = (performance.now() - start) / 1e3;
            bench.end();
            this.#costs.set(name, [...this.#costs.get(name) ?? [], { wall, processor: processor / cores }]);
          },
        });
      }
    }
  }

  /** Median cost of a contestant's calls without its first, which traces or compiles; null if it did not run. */
  cost(name: string): Cost | null {
    const calls = this.#costs.get(name)?.slice(1) ?? [];
    if (calls.length === 0) return null;
    return {
      wall: median(calls.map(({ wall }) => wall)),
      processor: median(calls.map(({ processor }) => processor)),
    };
  }

  /** Of some contestants, the one that takes least processor time; null if none ran. */
  best(names: readonly string[]): { name: string; cost: Cost } | null {
    const ran = names.flatMap((name) => {
      const cost = this.cost(name);
      return cost ? [{ name, cost }] : [];
    });
    return ran.reduce<typeof ran[0] | null>(
      (best, next) => best && best.cost.processor <= next.cost.processor ? best : next,
      null,
    );
  }

  /** Lines of a table: a call's cost, and how many of `items` a second that makes; none if nobody ran. */
  table(names: readonly string[], items: { count: number; name: string }): string[] {
    const rows = names.flatMap((name) => {
      const cost = this.cost(name);
      if (!cost) return [];
      return [[
        name,
        ...[cost.processor, cost.wall].flatMap((s) => [milliseconds(s), rate(items.count / s)]),
      ]];
    });
    if (rows.length === 0) return [];
    const header = ["", "ms of processor", `${items.name}/s`, "ms of wall", `${items.name}/s`];
    const widths = header.map((_, i) => Math.max(...[header, ...rows].map((row) => row[i].length)));
    return [header, ...rows].map((row) =>
      row.map((cell, i) => i ? cell.padStart(widths[i]) : cell.padEnd(widths[i])).join("  ")
    );
  }
}

/** "1.30 by processor time, 1.28 by wall time": how many times as fast `ours` is. */
export function ratio(ours: Cost, theirs: Cost): string {
  const processor = theirs.processor / ours.processor, wall = theirs.wall / ours.wall;
  return `${processor.toFixed(2)} by processor time, ${wall.toFixed(2)} by wall time`;
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function milliseconds(seconds: number): string {
  return (seconds * 1e3).toFixed(seconds < 0.1 ? 2 : 0);
}

function rate(perSecond: number): string {
  return perSecond.toFixed(perSecond < 100 ? 2 : 0);
}
