import assert from "node:assert/strict";
import { Mpi } from "./mpi.ts";
import { MpiProcesses } from "./mpi_processes.ts";

type Numbers = Float32Array<ArrayBuffer>;

/** MPI as the first of two processes sees it, where the other gives the same; `scratch` is where sums are made. */
function mirror(scratch: Numbers[]): Mpi {
  const done = (made: () => void) => (made(), 0), later = (made: () => void) => Promise.resolve(done(made));
  const calls = {
    MPI_Init_thread: (_c: null, _v: null, level: number, granted: Int32Array) =>
      done(() => granted.fill(level)),
    MPI_Get_library_version: () => 0,
    MPI_Comm_set_errhandler: () => 0,
    MPI_Comm_rank: () => 0,
    MPI_Comm_size: (_world: bigint, into: BigUint64Array) => done(() => into.fill(2n)),
    MPI_Ibarrier: () => 0,
    MPI_Test: (_request: BigUint64Array, flag: Int32Array) => done(() => flag.fill(1)),
    MPI_Alltoallv: (values: Numbers, _n: Int32Array, _s: Int32Array, _t: bigint, pieces: Numbers) =>
      later(() => {
        scratch.push(pieces);
        for (let rank = 0; rank < 2; rank++) {
          pieces.set(values.subarray(0, pieces.length / 2), rank * pieces.length / 2);
        }
      }),
    MPI_Reduce_local: (from: Numbers, into: Numbers, count: number) =>
      done(() => into.forEach((_, i) => i < count && (into[i] += from[i]))),
    MPI_Allgatherv: (
      own: Numbers,
      _n: number,
      _t: bigint,
      all: Numbers,
      counts: Int32Array,
      starts: Int32Array,
    ) => later(() => counts.forEach((count, rank) => all.set(own.subarray(0, count), starts[rank]))),
  };
  const abi = {
    world: 0n,
    float: 0n,
    byte: 0n,
    sum: 0n,
    errorsReturn: 0n,
    statusIgnore: 0n,
    threadMultiple: 3,
  };
  return Object.assign(Object.create(Mpi.prototype), { path: "a mirror", abi, calls });
}

Deno.test("a step's sum has the memory of the step before, whatever small sums come between", async () => {
  const scratch: Numbers[] = [], watch = { race: <T>(promise: Promise<T>) => promise, stop: async () => {} };
  const processes = await MpiProcesses.join(mirror(scratch), { watch, starter: null });
  for (const length of [1, 1000, 1, 1000, 600]) {
    const values = new Float32Array(length).fill(3);
    await processes.sum(values);
    assert.deepEqual(values, new Float32Array(length).fill(6));
  }
  assert.deepEqual(scratch.map(({ length }) => length), [2, 1000, 2, 1000, 600]);
  assert.equal(new Set(scratch.slice(1).map(({ buffer }) => buffer)).size, 1, "it was made anew");
});
