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

/** Embeddings in memory. */
export class MemoryStore implements EmbeddingStore {
  readonly persistent = false;
  /** By view, then by image. */
  readonly #rows = new Map<number, (ArrayLike<number> | undefined)[]>();
  #size = 0;

  constructor(private readonly precision: StoredPrecision) {}

  get size(): number {
    return this.#size;
  }

  missing(ids: readonly ViewId[]): ViewId[] {
    return ids.filter(({ image, view }) => this.#rows.get(view)?.[image] === undefined);
  }

  row({ image, view }: ViewId): Float32Array {
    return Float32Array.from(this.#rows.get(view)![image]!);
  }

  add(ids: readonly ViewId[], rows: readonly Float32Array[]): void {
    ids.forEach(({ image, view }, i) => {
      const ofView = this.#rows.get(view) ?? [];
      this.#rows.set(view, ofView);
      ofView[image] = this.precision === "fp16" ? Float16Array.from(rows[i]) : rows[i].slice();
      this.#size++;
    });
  }

  [Symbol.dispose](): void {}
}
