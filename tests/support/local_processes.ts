import type { Processes } from "../../core/processes/processes.ts";

/**
 * The processes of a run without processes: each is to be driven by an asynchronous task of its own in this process.
 * A call resolves when all of them have made it.
 */
export function localProcesses(size: number): Processes[] {
  return processesOf(new Meeting(size), size);
}

/**
 * Runs such processes to their ends. When the first fails it ends the others, as a process does that ends.
 *
 * @returns what each has made.
 * @throws what the first threw; or, if it did not, another.
 */
export async function runTogether<T>(size: number, work: (processes: Processes) => Promise<T>): Promise<T[]> {
  const meeting = new Meeting(size);
  const all = await Promise.allSettled(
    processesOf(meeting, size).map(async (processes) => {
      try {
        return await work(processes);
      } catch (error) {
        meeting.end();
        throw error;
      }
    }),
  );
  const failed = all.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
  if (failed.length) throw (failed.find(({ reason }) => !(reason instanceof EndedError)) ?? failed[0]).reason;
  return all.map((settled) => (settled as PromiseFulfilledResult<T>).value);
}

/** Another process has ended this one. */
class EndedError extends Error {}

function processesOf(meeting: Meeting, size: number): Processes[] {
  return Array.from({ length: size }, (_, rank) => ({
    ...{ rank, size, carrier: "this process", hosts: new Array(size).fill("this machine") },
    async sum(values) {
      const all = await meeting.bring("sum", rank, values.slice());
      if (all.some(({ length }) => length !== values.length)) throw new Error("Not all gave as many values");
      for (let i = 0; i < values.length; i++) {
        values[i] = all[0][i];
        for (let other = 1; other < size; other++) values[i] += all[other][i]; // rounded to float32 each time
      }
    },
    async gather(values) {
      const all = await meeting.bring("gather", rank, values.slice());
      if (all.some(({ length }) => length !== values.length)) throw new Error("Not all gave as many values");
      return Float32Array.from(all.flatMap((values) => [...values]));
    },
    broadcast: async (bytes) => (await meeting.bring("broadcast", rank, bytes))[0]!.slice(),
    exchange: (text) => meeting.bring("exchange", rank, text),
  }));
}

/** Where all bring something and take everybody's away. */
class Meeting {
  #brought: unknown[] = [];
  #calls = new Set<string>();
  #leave = Promise.withResolvers<unknown[]>();
  #count = 0;
  #isOver = false;

  constructor(private readonly size: number) {}

  /** Whoever waits here, or comes after, is ended. */
  end(): void {
    this.#leave.promise.catch(() => {});
    this.#leave.reject(new EndedError("The first process has ended all"));
    this.#isOver = true;
  }

  /** @throws {Error} In all of them, if they do not all call the same: real processes would wait for ever. */
  bring<T>(call: string, rank: number, value: T): Promise<T[]> {
    if (this.#isOver) return this.#leave.promise as Promise<never>;
    this.#brought[rank] = value;
    this.#calls.add(call);
    const { promise } = this.#leave;
    if (++this.#count === this.size) {
      if (this.#calls.size === 1) this.#leave.resolve(this.#brought);
      else this.#leave.reject(new Error(`Processes meet in different calls: ${[...this.#calls].join(", ")}`));
      [this.#brought, this.#leave, this.#count] = [[], Promise.withResolvers(), 0];
      this.#calls = new Set();
    }
    return promise as Promise<T[]>;
  }
}
