import { RunError } from "../errors.ts";
import { breathe } from "../evaluation/breathe.ts";
import { StandIns } from "../images/stand_ins.ts";
import { goOnTogether } from "../processes/go_on_together.ts";
import type { Processes } from "../processes/processes.ts";
import { Random } from "../random.ts";
import { tf } from "../tf.ts";

/** Images that are compared at a time: bounds memory to this many rows of similarities. */
const CHUNK = 256;

/**
 * For each training image its bag: the images that the teacher finds most like it, by the cosine of its embeddings of
 * centre views (BINGO, Xu et al., ICLR 2022, section 3.1). An image is not in its own bag, and one that cannot be read in
 * none: its stand-in would be there as its own nearest neighbour.
 */
export class NeighbourBags {
  private constructor(
    private readonly rows: Int32Array,
    private readonly size: number,
    private readonly standIns: StandIns,
    /** Images that can be read, ascending: the bags are of them, and count in them. */
    private readonly readable: Int32Array,
  ) {}

  /**
   * Looks for them. Of several processes each does so for a part of the images, and all have the same bags.
   *
   * @param embeddings `[images, dim]` float32, unit rows; those of images that cannot be read are not looked at.
   * @param options.processes All that look, each with the same embeddings.
   * @param options.signal Aborted: stops before the next images, with the signal's reason as the error.
   * @throws {RunError} If too few images can be read.
   * @throws {StoppedTogether} In all processes, if the signal of one is aborted.
   */
  static async of(
    embeddings: tf.Tensor2D,
    bag: number,
    { standIns = new StandIns(embeddings.shape[0]), ...looking }: {
      standIns?: StandIns;
      processes?: Processes | null;
      signal?: AbortSignal;
    } = {},
  ): Promise<NeighbourBags> {
    const all = Int32Array.from({ length: embeddings.shape[0] }, (_, image) => image);
    const readable = all.filter((image) => standIns.of(image) === image);
    if (readable.length <= bag) {
      throw new RunError(
        `${readable.length} images can be read, too few for ${bag} neighbours of each; lower the objective's bag, or ` +
          "look at data.root",
      );
    }
    if (readable.length === all.length) {
      return new NeighbourBags(await bagsOf(embeddings, bag, looking), bag, standIns, readable);
    }
    const rows = tf.tidy(() => tf.gather(embeddings, tf.tensor1d(readable, "int32")));
    try {
      return new NeighbourBags(await bagsOf(rows, bag, looking), bag, standIns, readable);
    } finally {
      rows.dispose();
    }
  }

  /** Images of a bag, the nearest first; of an image that cannot be read its stand-in's. */
  bagOf(image: number): Int32Array {
    const row = placeOf(this.readable, this.standIns.of(image));
    return this.rows.subarray(row * this.size, (row + 1) * this.size).map((other) => this.readable[other]);
  }

  /** An image from another's bag: the same for the same seed and number. */
  draw(image: number, { seed, number }: { seed: number; number: number }): number {
    return this.bagOf(image)[new Random(seed, "neighbour", image, number).below(this.size)];
  }
}

/** Where a number stands among ascending ones. */
function placeOf(ascending: Int32Array, value: number): number {
  let first = 0, end = ascending.length;
  while (first < end) {
    const middle = (first + end) >> 1;
    if (ascending[middle] < value) first = middle + 1;
    else end = middle;
  }
  return first;
}

/** The bags of all rows, one after the other, as places of rows. */
async function bagsOf(
  embeddings: tf.Tensor2D,
  bag: number,
  { processes = null, signal }: { processes?: Processes | null; signal?: AbortSignal },
): Promise<Int32Array> {
  const images = embeddings.shape[0], { rank, size } = processes ?? { rank: 0, size: 1 };
  const chunks = Math.ceil(images / CHUNK), rows = new Int32Array(images * bag);
  for (let round = 0; round < chunks; round += size) {
    await breathe(processes ? undefined : signal); // several stop together
    if (processes) await goOnTogether(processes, { stops: signal?.aborted ?? false });
    const own = round + rank < chunks ? await nearest(embeddings, (round + rank) * CHUNK, bag) : [];
    const all = processes ? await gatherIndices(processes, own, CHUNK * bag) : [own];
    for (let i = 0; i < Math.min(size, chunks - round); i++) {
      const at = (round + i) * CHUNK * bag;
      rows.set(all[i].slice(0, rows.length - at), at);
    }
  }
  return rows;
}

/** The bags of a chunk of images, one after the other. */
async function nearest(embeddings: tf.Tensor2D, first: number, bag: number): Promise<number[]> {
  const indices = tf.tidy(() => {
    const queries = embeddings.slice([first, 0], [Math.min(CHUNK, embeddings.shape[0] - first), -1]);
    return tf.topk(tf.matMul(queries, embeddings, false, true), bag + 1).indices;
  });
  const lists = await indices.array() as number[][];
  indices.dispose();
  // Usually the first is the image itself; not so among copies of it.
  return lists.flatMap((list, i) => list.filter((row) => row !== first + i).slice(0, bag));
}

/** A float32 tells whole numbers apart below this. */
const EXACT = 2 ** 24;

/** The indices of all processes, by rank; each has `length` at the most, and zeros after. */
async function gatherIndices(
  processes: Processes,
  own: readonly number[],
  length: number,
): Promise<Float64Array[]> {
  const sent = new Float32Array(2 * length);
  own.forEach((index, i) => sent.set([index % EXACT, Math.floor(index / EXACT)], 2 * i));
  const all = await processes.gather(sent);
  return Array.from({ length: processes.size }, (_, rank) => {
    const at = 2 * length * rank;
    return Float64Array.from({ length }, (_, i) => all[at + 2 * i] + EXACT * all[at + 2 * i + 1]);
  });
}
