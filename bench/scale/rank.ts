/**
 * A process that sums with others, and times it: by the product's own `MpiProcesses`.
 *
 * @module
 */
import { findMpiLibrary, Mpi, MpiProcesses } from "../../cli/processes/mpi/mod.ts";
import { cacheDirectory } from "@seed/core/host";
import { type Mark, mark } from "../processes/marks.ts";

/** What to do. */
export interface RankStart {
  /** Ours, which adds up in the order of ranks, or MPI's own, which does not; both meet in the same way. */
  by: "ours" | "MPI_Allreduce";
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

const { by, lengths, stretches, least } = JSON.parse(Deno.args[0]) as RankStart;
const library = await findMpiLibrary({
  cacheDir: `${cacheDirectory()}/mpi`,
  log: console.error,
  signal: new AbortController().signal,
});
const mpi = Mpi.load(library),
  processes = await MpiProcesses.join(mpi, { watch: null, starter: null }),
  found: Stretch[] = [];
const sumOnce = by === "ours" ? (values: Float32Array<ArrayBuffer>) => processes.sum(values) : allreduce();
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
    const begin = mark();
    await sum(values, sums);
    found.push({ length, sums, begin, end: mark() });
  }
}
await processes.leave();
console.log(JSON.stringify(found));
Deno.exit(0);

async function sum(values: Float32Array<ArrayBuffer>, times: number): Promise<void> {
  const { size } = processes, { length } = values, expected = size * (size + 1) / 2;
  for (let i = 0; i < times; i++) {
    values[0] = values[length - 1] = processes.rank + 1;
    await sumOnce(values);
    if (values[0] !== expected || values[length - 1] !== expected) {
      throw new Error(`A sum of ${size} processes is ${values[0]}, expected ${expected}`);
    }
  }
}

/** MPI's own sum. The processes meet before it as they do before ours. */
function allreduce() {
  const { symbols } = Deno.dlopen(library!, {
    MPI_Allreduce: {
      parameters: ["buffer", "buffer", "i32", "usize", "usize", "usize"],
      result: "i32",
      nonblocking: true,
    },
  });
  const { world, float, sum } = mpi.abi;
  let into = new Float32Array(0);
  return async (values: Float32Array<ArrayBuffer>) => {
    if (into.length !== values.length) into = new Float32Array(values.length);
    await meet();
    mpi.check(await symbols.MPI_Allreduce(values, into, values.length, float, sum, world));
    values.set(into);
  };
}

/** As `MpiProcesses` meets before it moves data. */
async function meet(): Promise<void> {
  const done = new Int32Array(1);
  const request = new BigUint64Array([mpi.ask((into) => mpi.calls.MPI_Ibarrier(mpi.abi.world, into))]);
  for (;;) {
    mpi.check(mpi.calls.MPI_Test(request, done, mpi.abi.statusIgnore));
    if (done[0]) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
