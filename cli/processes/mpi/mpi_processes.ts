import { hostname } from "node:os";
import { type Processes, ProcessesError } from "@seed/core";
import { Heartbeat } from "./heartbeat.ts";
import { type Mpi, MpiError } from "./mpi.ts";
import { PMI_JOB } from "./pmi_job.ts";
import { removeSharedMemory } from "./shared_memory.ts";

/** Milliseconds between two looks whether the others have come. */
const LOOK_EVERY = 1;

/** Milliseconds that whoever watches has to say which process is gone, when MPI says only that it failed. */
const PATIENCE = 8000;

/** Bytes that go in one call, whose counts are numbers of 31 bits. */
const PIECE = 2 ** 30;

/** Who watches over the other processes of a job. */
export interface Watch {
  /**
   * Waits for something that needs the others.
   *
   * @throws {ProcessesError} If one of them is gone.
   */
  race<T>(promise: Promise<T>): Promise<T>;
  /** Ends the watch; all do, and wait for one another. */
  stop(): Promise<void>;
}

/**
 * The processes of an MPI job.
 *
 * Waiting in MPI spins: it takes the core from a process on the same machine that still computes. So each call first
 * meets the others by a barrier that is looked at once a millisecond, and only then moves data.
 */
export class MpiProcesses implements Processes {
  readonly carrier: string;
  #busy: string | null = null;
  #scratch = new Float32Array(0);

  private constructor(
    private readonly mpi: Mpi,
    readonly rank: number,
    readonly size: number,
    readonly hosts: readonly string[],
    private readonly watch: Watch,
  ) {
    this.carrier = mpi.version;
  }

  /**
   * Joins the job that this process was started in; waits until all of it have joined.
   *
   * @param options.watch Who watches over the other processes; null: signs of life by MPI.
   * @param options.starter Number of the process that has started all of them and that they end with; null: none does.
   * @throws {ProcessesError} If the library does not let several threads call, or fails.
   */
  static async join(
    mpi: Mpi,
    { watch, starter }: { watch: Watch | null; starter: number | null },
  ): Promise<MpiProcesses> {
    const { calls, abi } = mpi, granted = new Int32Array(1);
    mpi.check(calls.MPI_Init_thread(null, null, abi.threadMultiple, granted));
    if (granted[0] !== abi.threadMultiple) {
      throw new ProcessesError(
        `The MPI library "${mpi.path}" lets only one thread call it (level ${
          granted[0]
        } of ${abi.threadMultiple}); ` +
          "name one built with MPI_THREAD_MULTIPLE by MPI_LIBRARY",
      );
    }
    mpi.check(calls.MPI_Comm_set_errhandler(abi.world, abi.errorsReturn));
    const rank = Number(mpi.ask((into) => calls.MPI_Comm_rank(abi.world, into)));
    const size = Number(mpi.ask((into) => calls.MPI_Comm_size(abi.world, into)));
    const hosts: string[] = [];
    watch ??= Heartbeat.start(mpi, { rank, size, starter }, hosts);
    const joined = new MpiProcesses(mpi, rank, size, hosts, watch);
    hosts.push(...await joined.exchange(hostname()));
    const job = Deno.env.get(PMI_JOB); // not known where another has started the processes
    if (job) await removeSharedMemory(job, new Set(hosts).size); // all have opened it by now
    return joined;
  }

  async sum(values: Float32Array<ArrayBuffer>): Promise<void> {
    // Each process adds up one piece of the vector, of all processes in the order of their ranks, and gives it to all.
    const { mpi: { abi: { world, float, sum }, calls }, rank, size } = this,
      { counts, starts } = share(values.length, size);
    const own = counts[rank];
    // It only grows: a step's sum comes between small ones.
    if (this.#scratch.length < own * size) this.#scratch = new Float32Array(own * size);
    const pieces = this.#scratch.subarray(0, own * size),
      same = new Int32Array(size).fill(own),
      places = same.map((_, i) => i * own);
    await this.#together("sum", async () => {
      await this.#wait(
        calls.MPI_Alltoallv(values, counts, starts, float, pieces, same, places, float, world),
      );
      const total = pieces.subarray(0, own);
      for (let other = 1; other < size; other++) {
        this.mpi.check(calls.MPI_Reduce_local(pieces.subarray(other * own), total, own, float, sum));
      }
      await this.#wait(calls.MPI_Allgatherv(total, own, float, values, counts, starts, float, world));
    });
  }

  async gather(values: Float32Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>> {
    const { mpi: { abi: { world, float }, calls }, size } = this, count = values.length;
    const all = new Float32Array(count * size), counts = new Int32Array(size).fill(count);
    await this.#together("gather", async () => {
      const starts = counts.map((_, i) => i * count);
      await this.#wait(calls.MPI_Allgatherv(values, count, float, all, counts, starts, float, world));
    });
    return all;
  }

  async broadcast(bytes: Uint8Array<ArrayBuffer> | null): Promise<Uint8Array<ArrayBuffer>> {
    const { mpi: { abi: { world, byte }, calls } } = this;
    return await this.#together("broadcast", async () => {
      const length = new Float64Array([bytes?.length ?? 0]);
      await this.#wait(calls.MPI_Bcast(length, 8, byte, 0, world));
      const all = this.rank === 0 ? bytes! : new Uint8Array(length[0]);
      for (let at = 0; at < all.length; at += PIECE) {
        const piece = all.subarray(at, at + PIECE);
        await this.#wait(calls.MPI_Bcast(piece, piece.length, byte, 0, world));
      }
      return all;
    });
  }

  async exchange(text: string): Promise<string[]> {
    const { mpi: { abi: { world, byte }, calls }, size } = this, bytes = new TextEncoder().encode(text);
    return await this.#together("exchange", async () => {
      const gatherBytes = async (own: Uint8Array<ArrayBuffer>, counts: Int32Array<ArrayBuffer>) => {
        const { starts, total } = startsOf(counts), all = new Uint8Array(total);
        await this.#wait(calls.MPI_Allgatherv(own, own.length, byte, all, counts, starts, byte, world));
        return { all, starts };
      };
      const length = new Uint8Array(new Int32Array([bytes.length]).buffer);
      const lengths = new Int32Array((await gatherBytes(length, new Int32Array(size).fill(4))).all.buffer);
      const { all, starts } = await gatherBytes(bytes, lengths);
      return Array.from(
        lengths,
        (length, i) => new TextDecoder().decode(all.subarray(starts[i], starts[i] + length)),
      );
    });
  }

  /** Ends the part of this process in the job: all of them call it when they have done. */
  async leave(): Promise<void> {
    await this.#together("leave", () => this.watch.stop());
    this.mpi.check(await this.mpi.calls.MPI_Finalize());
  }

  /** Ends all processes of the job at once, as far as what started them does; this one in any case. */
  abort(code: number): never {
    this.mpi.calls.MPI_Abort(this.mpi.abi.world, code);
    this.exit(code); // some libraries leave it to the starter
  }

  /** Ends this process at once: what MPI would do at an ordinary end waits for processes that may be gone. */
  exit(code: number): never {
    this.mpi.calls._exit(code);
    throw new Error("A process has outlived its end");
  }

  /** Meets the others, then does what moves data between them. */
  async #together<T>(what: string, move: () => Promise<T>): Promise<T> {
    if (this.#busy) {
      throw new Error(`"${what}" was called while "${this.#busy}" is under way; await each before the next`);
    }
    this.#busy = what;
    try {
      await this.#meet();
      return await move();
    } catch (error) {
      if (error instanceof MpiError) await this.watch.race(sleep(PATIENCE));
      throw error;
    } finally {
      this.#busy = null;
    }
  }

  async #meet(): Promise<void> {
    const { mpi: { calls, abi } } = this, done = new Int32Array(1);
    const request = new BigUint64Array([this.mpi.ask((into) => calls.MPI_Ibarrier(abi.world, into))]);
    for (;;) {
      this.mpi.check(calls.MPI_Test(request, done, abi.statusIgnore));
      if (done[0]) return;
      await this.watch.race(sleep(LOOK_EVERY));
    }
  }

  /** Waits for a call on a thread of its own, as long as the others are there. */
  async #wait(call: Promise<number>): Promise<void> {
    this.mpi.check(await this.watch.race(call));
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** How many of `length` values each of `size` processes adds up, and where its piece starts. */
function share(length: number, size: number) {
  const piece = Math.ceil(length / size);
  const counts = Int32Array.from(
    { length: size },
    (_, i) => Math.max(0, Math.min(piece, length - i * piece)),
  );
  return { counts, starts: startsOf(counts).starts };
}

function startsOf(counts: Int32Array<ArrayBuffer>) {
  let total = 0;
  const starts = counts.map((count) => (total += count) - count);
  return { starts, total };
}
