import type { Processes } from "../processes/processes.ts";
import { Random } from "../random.ts";
import { tf } from "../tf.ts";

/** Images that are compared at a time: bounds memory to this many rows of similarities. */
const CHUNK = 256;

/**
 * For each training image its bag: the images that the teacher finds most like it, by the cosine of its embeddings of
 * centre views (BINGO, Xu et al., ICLR 2022, section 3.1). An image is not in its own bag.
 */
export class NeighbourBags {
  private constructor(private readonly rows: Int32Array, private readonly size: number) {}

  /**
   * Looks for them. Of several processes each does so for a part of the images, and all have the same bags.
   *
   * @param embeddings `[images, dim]` float32, unit rows; at least `bag + 1` of them.
   * @param processes All that look, each with the same embeddings.
   */
  static async of(
    embeddings: tf.Tensor2D,
    bag: number,
    processes: Processes | null = null,
  ): Promise<NeighbourBags> {
    const images = embeddings.shape[0], { rank, size } = processes ?? { rank: 0, size: 1 };
    const chunks = Math.ceil(images / CHUNK), rows = new Int32Array(images * bag);
    for (let round = 0; round < chunks; round += size) {
      const own = round + rank < chunks ? await nearest(embeddings, (round + rank) * CHUNK, bag) : [];
      const all = processes ? await gatherIndices(processes, own, CHUNK * bag) : [own];
      for (let i = 0; i < Math.min(size, chunks - round); i++) {
        const at = (round + i) * CHUNK * bag;
        rows.set(all[i].slice(0, rows.length - at), at);
      }
    }
    return new NeighbourBags(rows, bag);
  }

  /** Images of a bag, the nearest first. */
  bagOf(image: number): Int32Array {
    return this.rows.subarray(image * this.size, (image + 1) * this.size);
  }

  /** An image from another's bag: the same for the same seed and number. */
  draw(image: number, { seed, number }: { seed: number; number: number }): number {
    return this.bagOf(image)[new Random(seed, "neighbour", image, number).below(this.size)];
  }
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
