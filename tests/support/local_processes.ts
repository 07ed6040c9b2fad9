import type { Processes } from "../../core/processes/processes.ts";

/**
 * The processes of a run without processes: each is to be driven by an asynchronous task of its own in this process.
 * A call resolves when all of them have made it.
 */
export function localProcesses(size: number): Processes[] {
  const meeting = new Meeting(size);
  return Array.from({ length: size }, (_, rank) => ({
    ...{ rank, size, carrier: "this process", hosts: new Array(size).fill("this machine") },
    async sum(values) {
      const all = await meeting.bring(rank, values.slice());
      for (let i = 0; i < values.length; i++) {
        values[i] = all[0][i];
        for (let other = 1; other < size; other++) values[i] += all[other][i]; // rounded to float32 each time
      }
    },
    async gather(values) {
      const all = await meeting.bring(rank, values.slice());
      if (all.some(({ length }) => length !== values.length)) throw new Error("Not all gave as many values");
      return Float32Array.from(all.flatMap((values) => [...values]));
    },
    broadcast: async (bytes) => (await meeting.bring(rank, bytes))[0]!.slice(),
    exchange: (text) => meeting.bring(rank, text),
  }));
}

/** Where all bring something and take everybody's away. */
class Meeting {
  #brought: unknown[] = [];
  #leave = Promise.withResolvers<unknown[]>();
  #count = 0;

  constructor(private readonly size: number) {}

  bring<T>(rank: number, value: T): Promise<T[]> {
    this.#brought[rank] = value;
    const { promise } = this.#leave;
    if (++this.#count === this.size) {
      this.#leave.resolve(this.#brought);
      [this.#brought, this.#leave, this.#count] = [[], Promise.withResolvers(), 0];
    }
    return promise as Promise<T[]>;
  }
}
