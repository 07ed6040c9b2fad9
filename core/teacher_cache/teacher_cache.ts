import { rowsNotFinite } from "../finite_rows.ts";
import { RunError } from "../errors.ts";
import type { Teacher } from "../interfaces/teacher.ts";
import { tf } from "../tf.ts";
import type { EmbeddingStore, ViewId } from "./embedding_store.ts";

/**
 * Teacher embeddings, one a view: with V fixed views an image, epochs after the V-th ask the teacher only for images
 * that earlier epochs left out, since they did not fill a batch. Teacher and student still see the same view, as SEED
 * demands.
 */
export class TeacherCache implements Disposable {
  /** Views that an earlier batch asks the teacher for; their embedding is there by the time a later one needs it. */
  readonly #asked = new Set<number>();

  constructor(
    private readonly teacher: Pick<Teacher, "embed" | "embeddingDim">,
    readonly store: EmbeddingStore,
    private readonly images: number,
    /** Fixed views of an image. */
    private readonly views: number,
  ) {}

  /** Whether every view was asked for, so that no batch will need the teacher again. */
  get complete(): boolean {
    return this.store.size + this.#asked.size >= this.images * this.views;
  }

  /** Whether a batch needs the teacher; it then counts as asked for. Call in the order of the batches. */
  claim(batch: readonly ViewId[]): boolean {
    const missing = this.store.missing(batch.filter((id) => !this.#asked.has(this.#key(id))));
    for (const id of missing) this.#asked.add(this.#key(id));
    return missing.length > 0;
  }

  /**
   * The embeddings of a batch. The first embedding of a view is the one that counts, also in a batch that happens to
   * compute it again.
   *
   * @param images The views, at the teacher's size; null if `claim` said that they are not needed.
   * @returns `[batch, embeddingDim]`, owned by the caller.
   * @throws {RunError} If the store has no room.
   */
  async embed(batch: readonly ViewId[], images: tf.Tensor4D | null): Promise<tf.Tensor2D> {
    if (images) await this.compute(batch, images);
    const { embeddingDim: dim } = this.teacher, rows = new Float32Array(batch.length * dim);
    batch.forEach((id, i) => rows.set(this.store.row(id), i * dim));
    return tf.tensor2d(rows, [batch.length, dim]);
  }

  /**
   * Asks the teacher for a batch, and keeps what is not there yet.
   *
   * @returns how many embeddings that is.
   * @throws {RunError} If one is not finite: none of the batch is kept, or a cache would hand it out for good.
   */
  async compute(batch: readonly ViewId[], images: tf.Tensor4D): Promise<number> {
    const { embeddingDim: dim } = this.teacher, embeddings = await this.teacher.embed(images);
    const values = await embeddings.data() as Float32Array, fresh = new Map<number, number>();
    embeddings.dispose();
    const broken = rowsNotFinite(values.subarray(0, batch.length * dim), dim).length;
    if (broken) {
      throw new RunError(
        `The teacher's embeddings of ${broken} of ${batch.length} images are not finite and are not kept; look at ` +
          "its weights, its preprocessing and its precision",
      );
    }
    const missing = new Set(this.store.missing(batch));
    batch.forEach((id, i) => {
      const key = this.#key(id);
      if (missing.has(id) && !fresh.has(key)) fresh.set(key, i);
    });
    const found = [...fresh.values()];
    this.store.add(found.map((i) => batch[i]), found.map((i) => values.subarray(i * dim, (i + 1) * dim)));
    for (const key of fresh.keys()) this.#asked.delete(key);
    return found.length;
  }

  [Symbol.dispose](): void {
    this.store[Symbol.dispose]();
  }

  #key({ image, view }: ViewId): number {
    return view * this.images + image;
  }
}
