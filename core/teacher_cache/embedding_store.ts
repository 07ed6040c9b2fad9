/** Which view of which image. */
export interface ViewId {
  /** Index into the training set. */
  image: number;
  /** Number of the view among the image's fixed ones. */
  view: number;
}

/** How embeddings are kept: halves take half the room, and round to 11 bits. */
export type StoredPrecision = "fp16" | "fp32";

/** Embeddings by view. */
export interface EmbeddingStore extends Disposable {
  /** False: they are gone when the process ends. */
  readonly persistent: boolean;
  /** How many there are. */
  readonly size: number;
  /** Those of these views that it has no embedding of that can be read. */
  missing(ids: readonly ViewId[]): ViewId[];
  /**
   * @returns `[dim]` float32, as it was kept.
   * @throws {RunError} If it is not there.
   */
  row(id: ViewId): Float32Array;
  /**
   * Keeps embeddings of views that it does not have.
   *
   * @param rows One `[dim]` float32 a view.
   * @throws {RunError} If there is no room.
   */
  add(ids: readonly ViewId[], rows: readonly Float32Array[]): void;
}

/** Embeddings of a view of all images. */
interface ViewRows {
  /** `[images, dim]`, row-major. */
  readonly values: Float16Array | Float32Array;
  /** 1 for each image whose row is there. */
  readonly known: Uint8Array;
}

/** Embeddings in memory: one array a view, so that they take what they are checked to take. */
export class MemoryStore implements EmbeddingStore {
  readonly persistent = false;
  readonly #views = new Map<number, ViewRows>();
  #dim = 0;
  #size = 0;

  /** @param images How many there are. */
  constructor(private readonly precision: StoredPrecision, private readonly images: number) {}

  get size(): number {
    return this.#size;
  }

  missing(ids: readonly ViewId[]): ViewId[] {
    return ids.filter(({ image, view }) => !this.#views.get(view)?.known[image]);
  }

  row({ image, view }: ViewId): Float32Array {
    const { values } = this.#views.get(view)!, at = image * this.#dim;
    return Float32Array.from(values.subarray(at, at + this.#dim));
  }

  add(ids: readonly ViewId[], rows: readonly Float32Array[]): void {
    ids.forEach(({ image, view }, i) => {
      const { values, known } = this.#view(view, rows[i].length);
      values.set(rows[i], image * this.#dim);
      known[image] = 1;
      this.#size++;
    });
  }

  #view(view: number, dim: number): ViewRows {
    const found = this.#views.get(view);
    if (found) return found;
    this.#dim = dim;
    const Values = this.precision === "fp16" ? Float16Array : Float32Array;
    const made = { values: new Values(this.images * dim), known: new Uint8Array(this.images) };
    this.#views.set(view, made);
    return made;
  }

  [Symbol.dispose](): void {}
}
