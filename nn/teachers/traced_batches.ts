import { tf, type TracedFunction } from "@seed/core";

/** Graphs that a network begins with room for: one of views, one of small patches or of an evaluation. */
const GRAPHS = 2;

/**
 * A network with constant weights, traced for the shapes of the batches that it is given. Where an engine does not share
 * weights (TensorFlow's in bf16) each graph holds them once more, and tracing takes seconds, so there are few graphs:
 *
 * - A batch smaller than one of a graph's, of images of the same size, is filled up with zeros; what becomes of those
 *   is cut off. It takes as long as a full one.
 * - Two graphs are kept, those used last. A shape that would be traced for the third time makes room for one more:
 *   where more shapes come in turns, tracing at every batch would take longer than the batches.
 */
export class TracedBatches implements Disposable {
  /** By shape, the one used last at the end. */
  readonly #graphs = new Map<string, { shape: readonly number[]; traced: TracedFunction }>();
  /** How often each shape was traced. */
  readonly #traces = new Map<string, number>();
  #room = GRAPHS;

  /** @param trace Traces the network, `[batch, height, width, 3]` to tensors of a row an image, for a shape that is new. */
  constructor(
    private readonly trace: () => TracedFunction,
    private readonly options: {
      /** Whether smaller batches are filled up: where each graph is to be saved. */
      pads: boolean;
    },
  ) {}

  /** How many graphs there are. */
  get size(): number {
    return this.#graphs.size;
  }

  /**
   * @param images `[batch, height, width, 3]`.
   * @returns what the traced function gives, the caller's.
   */
  async call(images: tf.Tensor4D): Promise<tf.Tensor[]> {
    const [rows] = images.shape, { shape, traced } = this.#graphFor(images.shape), [batch] = shape;
    if (rows === batch) return await traced.call(images);
    const full = tf.pad(images, [[0, batch - rows], [0, 0], [0, 0], [0, 0]]);
    try {
      const all = await traced.call(full), kept = all.map((tensor) => tf.slice(tensor, 0, rows));
      tf.dispose(all);
      return kept;
    } finally {
      full.dispose();
    }
  }

  [Symbol.dispose](): void {
    for (const { traced } of this.#graphs.values()) traced[Symbol.dispose]();
    this.#graphs.clear();
  }

  #graphFor(shape: readonly number[]) {
    const key = this.#keyFor(shape), graph = this.#graphs.get(key) ?? { shape, traced: this.#traceFor(key) };
    this.#graphs.delete(key); // to the end
    this.#graphs.set(key, graph);
    return graph;
  }

  /** The shape itself if it has a graph, else the smallest that it can be filled up to, else itself. */
  #keyFor(shape: readonly number[]): string {
    const key = shape.join(), [rows, ...size] = shape;
    if (this.#graphs.has(key) || !this.options.pads) return key;
    const fitting = [...this.#graphs.values()]
      .map((graph) => graph.shape)
      .filter(([batch, ...others]) => batch > rows && others.join() === size.join())
      .toSorted(([a], [b]) => a - b);
    return fitting.length ? fitting[0].join() : key;
  }

  #traceFor(key: string): TracedFunction {
    const before = this.#traces.get(key) ?? 0;
    this.#traces.set(key, before + 1);
    if (before >= 2) this.#room++;
    while (this.#graphs.size >= this.#room) {
      const [[oldest, { traced }]] = this.#graphs;
      this.#graphs.delete(oldest);
      traced[Symbol.dispose](); // before the next one is made, so that there are never more
    }
    return this.trace();
  }
}
