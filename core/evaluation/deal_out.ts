import { RunError } from "../errors.ts";
import { goOnTogether } from "../processes/go_on_together.ts";
import type { Processes } from "../processes/processes.ts";
import type { Rows } from "./embed_images.ts";

/** Batches of rows that several processes share out. */
export interface SharedBatches {
  /** How many there are. */
  count: number;
  /** Rows of each but the last, which may have fewer. */
  batchSize: number;
  /** Rows of all. */
  rows: number;
  /** Computes this process's batches, one after the other. */
  own: AsyncGenerator<Rows[]>;
  /** Aborted: all stop before the next batch. */
  signal?: AbortSignal;
}

/** Numbers of this process's batches: in each round every process takes one. */
export function numbersOf(count: number, processes: Pick<Processes, "rank" | "size"> | null): number[] {
  const { rank, size } = processes ?? { rank: 0, size: 1 };
  return Array.from({ length: Math.max(0, Math.ceil((count - rank) / size)) }, (_, i) => rank + i * size);
}

/**
 * Each process computes its share of the batches; all get all of them, in order. While a round travels each is at its
 * batch of the next.
 *
 * @throws {StoppedTogether} In all processes, if one was asked to stop.
 * @throws {RunError} In the first process, if one could not compute a batch; the others wait to be ended.
 */
export async function* dealOut(
  processes: Processes,
  { count, batchSize, rows, own, signal }: SharedBatches,
): AsyncGenerator<Rows[]> {
  const { rank, size } = processes, next = () => settled(own.next());
  let coming = next(), dims: number[] | null = null;
  try {
    for (let first = 0; first < count; first += size) {
      const { batch, error } = await coming;
      const stops = signal?.aborted ?? false;
      // A defect is told where it happened.
      if (error && !(stops && error === signal?.reason) && !(error instanceof RunError)) throw error;
      const failure = error instanceof RunError ? { at: first + rank, error } : null;
      await goOnTogether(processes, { stops, failure });
      coming = next();
      dims ??= await dimsOf(processes, batch);
      const all = await processes.gather(packed(batch, { dims, batchSize })), each = all.length / size;
      for (let i = 0; i < Math.min(size, count - first); i++) {
        const length = Math.min(batchSize, rows - (first + i) * batchSize);
        yield unpacked(all.subarray(i * each, (i + 1) * each), { dims, batchSize, length });
      }
    }
  } finally {
    await coming;
    await own.return(undefined);
  }
}

/** What a batch has come to; neither: this process has no more. */
interface Settled {
  batch: Rows[] | null;
  error: unknown;
}

async function settled(next: Promise<IteratorResult<Rows[]>>): Promise<Settled> {
  try {
    return { batch: (await next).value ?? null, error: null };
  } catch (error) {
    return { batch: null, error };
  }
}

/** Values of a layer's rows; a process without a batch in the first round hears of it from the first, which has one. */
async function dimsOf(processes: Processes, batch: Rows[] | null): Promise<number[]> {
  const told = processes.rank === 0 ? Float64Array.from(batch!, ({ dim }) => dim) : null;
  const bytes = await processes.broadcast(told && new Uint8Array(told.buffer));
  return [...new Float64Array(bytes.slice().buffer)];
}

/** The layers of a batch one after the other, in as much room as a whole one takes. */
function packed(
  batch: Rows[] | null,
  { dims, batchSize }: { dims: readonly number[]; batchSize: number },
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(batchSize * dims.reduce((sum, dim) => sum + dim, 0));
  let at = 0;
  batch?.forEach((layer, i) => {
    values.set(layer.values, at);
    at += batchSize * dims[i];
  });
  return values;
}

function unpacked(
  values: Float32Array,
  { dims, batchSize, length }: { dims: readonly number[]; batchSize: number; length: number },
): Rows[] {
  let at = 0;
  return dims.map((dim) => {
    const layer = { values: values.subarray(at, at + length * dim), dim };
    at += batchSize * dim;
    return layer;
  });
}
