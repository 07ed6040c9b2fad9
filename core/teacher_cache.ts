import type { Teacher } from "./teacher.ts";
import { tf } from "./tf.ts";

/** Which view of which image. */
export interface ViewId {
  image: number;
  /** Number of the view among the image's fixed ones. */
  view: number;
}

/**
 * Teacher embeddings in memory, one a view: with V fixed views an image, epochs after the V-th ask the teacher for
 * nothing. Teacher and student still see the same view, as SEED demands.
 */
export class TeacherCache {
  readonly #rows: Float32Array[] = [];
  /** Views that were asked for; their embedding is there by the time a later batch needs it. */
  readonly #claimed: Uint8Array;
  #unclaimed: number;

  constructor(private readonly teacher: Teacher, images: number, private readonly views: number) {
    this.#unclaimed = images * views;
    this.#claimed = new Uint8Array(this.#unclaimed);
  }

  /** Whether every view was asked for, so that no batch will need the teacher again. */
  get complete(): boolean {
    return this.#unclaimed === 0;
  }

  /** Whether a batch needs the teacher; it then counts as asked for. Call in the order of the batches. */
  claim(batch: readonly ViewId[]): boolean {
    const missing = batch.filter((id) => !this.#claimed[this.#index(id)]);
    for (const id of missing) this.#claimed[this.#index(id)] = 1;
    this.#unclaimed -= missing.length;
    return missing.length > 0;
  }

  /**
   * The embeddings of a batch.
   *
   * @param images The views, at the teacher's size; null if `claim` said that they are not needed.
   * @returns `[batch, embeddingDim]`, owned by the caller.
   */
  async embed(batch: readonly ViewId[], images: tf.Tensor4D | null): Promise<tf.Tensor2D> {
    const dim = this.teacher.embeddingDim;
    if (images) {
      const embeddings = await this.teacher.embed(images);
      const values = await embeddings.data() as Float32Array;
      batch.forEach((id, i) => this.#rows[this.#index(id)] ??= values.slice(i * dim, (i + 1) * dim));
      // The first embedding of a view is the one that counts, also in the batch that happens to compute it again.
      embeddings.dispose();
    }
    const rows = new Float32Array(batch.length * dim);
    batch.forEach((id, i) => rows.set(this.#rows[this.#index(id)], i * dim));
    return tf.tensor2d(rows, [batch.length, dim]);
  }

  #index({ image, view }: ViewId): number {
    return image * this.views + view;
  }
}
