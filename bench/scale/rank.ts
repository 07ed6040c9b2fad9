/**
 * A process that sums with others, and times it: by the product's own `MpiProcesses`.
 *
 * @module
 */
import { findInstalledMpi, Mpi, MpiProcesses } from "../../cli/processes/mpi/mod.ts";
import { cacheDirectory } from "@seed/core/host";
import { type Mark, mark, marks } from "../processes/marks.ts";

/** What to do. */
export interface RankStart {
  /** Lengths of the vectors, in float32 values. */
  lengths: number[];
  /** Stretches of sums that are timed by length, and how long each takes at the least, in milliseconds. */
  stretches: number;
  least: number;
}

/** A stretch of sums of one length. */
export interface Stretch {
  length: number;
  sums: number;
  begin: Mark;
  end: Mark;
}

const { lengths, stretches, least } = JSON.parse(Deno.args[0]) as RankStart;
const library = await findInstalledMpi({ cacheDir: `${cacheDirectory()}/mpi` });
if (!library) throw new Error("MPICH is not installed; `deno task distill RECIPE --processes 2` installs it");
const processes = await MpiProcesses.join(Mpi.load(library)), found: Stretch[] = [];
for (const length of lengths) {
  const values = new Float32Array(length);
  await sum(values, 2);
  const started = performance.now();
  await sum(values, 2);
  // All take as many: the first process says how many.
  const own = new Float64Array([Math.max(1, Math.ceil(2 * least / (performance.now() - started)))]);
  const told = await processes.broadcast(processes.rank === 0 ? new Uint8Array(own.buffer) : null);
  const [sums] = new Float64Array(told.slice().buffer);
  for (let i = 0; i < stretches; i++) {
    await processes.exchange("");
    mark();
    await sum(values, sums);
    mark();
    found.push({ length, sums, begin: marks.at(-2)!, end: marks.at(-1)! });
  }
}
await processes.leave();
console.log(JSON.stringify(found));
Deno.exit(0);

async function sum(values: Float32Array<ArrayBuffer>, times: number): Promise<void> {
  const { size } = processes, { length } = values, expected = size * (size + 1) / 2;
  for (let i = 0; i < times; i++) {
    values[0] = values[length - 1] = processes.rank + 1;
    await processes.sum(values);
    if (values[0] !== expected || values[length - 1] !== expected) {
      throw new Error(`A sum of ${size} processes is ${values[0]}, expected ${expected}`);
    }
  }
}
