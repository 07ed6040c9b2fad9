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

  /** @param embeddings `[images, dim]` float32, unit rows; at least `bag + 1` of them. */
  static async of(embeddings: tf.Tensor2D, bag: number): Promise<NeighbourBags> {
    const images = embeddings.shape[0], rows = new Int32Array(images * bag);
    for (let first = 0; first < images; first += CHUNK) {
      const indices = tf.tidy(() => {
        const queries = embeddings.slice([first, 0], [Math.min(CHUNK, images - first), -1]);
        return tf.topk(tf.matMul(queries, embeddings, false, true), bag + 1).indices;
      });
      const nearest = await indices.array() as number[][];
      indices.dispose();
      nearest.forEach((list, i) => {
        // Usually the first is the image itself; not so among copies of it.
        const others = list.filter((row) => row !== first + i).slice(0, bag);
        rows.set(others, (first + i) * bag);
      });
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
