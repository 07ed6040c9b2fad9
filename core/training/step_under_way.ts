import type { Parameter } from "../interfaces/student.ts";
import { tf } from "../tf.ts";
import type { Told } from "./figures.ts";
import { notFinite, NotFiniteError, originOfNotFinite } from "./not_finite.ts";
import type { Snapshot } from "./snapshot.ts";

/** What came of a step. */
export interface StepResult {
  readonly loss: number;
  /** By term; their weighted sum is the loss. */
  readonly losses: Readonly<Record<string, number>>;
  /** Length of the gradient of all weights, before any clipping. */
  readonly gradientNorm: number;
  /** What the objectives tell beside their losses; of several, each name has its term's before it. */
  readonly metrics: Readonly<Record<string, number>>;
}

/**
 * A step that has begun. Where calls are queued the devices may still be computing it, and the next may begin meanwhile.
 * If it is disposed of before it has given its result, it is taken back: of two, the one that began last comes first.
 */
export class StepUnderWay implements Disposable {
  readonly #taught: readonly tf.Tensor[];
  #hasGivenResult = false;

  /**
   * @param told What is read of it.
   * @param given.before All that the step changes, as it was; this step's from now on.
   * @param given.trained The weights that have a gradient.
   * @param given.taught What the teacher has made of the images: embeddings, maps.
   * @param given.changed What of `before` is looked at for the origin of what is not finite.
   */
  constructor(
    private readonly told: Promise<Told>,
    private readonly given: {
      before: Snapshot;
      trained: readonly Parameter[];
      changed: readonly Parameter[];
      taught: readonly tf.Tensor[];
    },
  ) {
    told.catch(() => {}); // thrown to whoever asks for the result
    this.#taught = given.taught.map((rows) => rows.clone()); // the batch is freed before
  }

  /** Resolves when the devices are done with it, however it went. */
  get ended(): Promise<void> {
    return this.told.then(() => {}, () => {});
  }

  /**
   * What came of it, when it has been computed.
   *
   * @throws {NotFiniteError} If the loss or a gradient is not a number.
   */
  async result(): Promise<StepResult> {
    const { figures, squares } = await this.told, { trained } = this.given;
    const problem = notFinite(figures.loss, squares, trained);
    if (problem) throw await this.#explained(problem);
    this.#hasGivenResult = true;
    return { ...figures, gradientNorm: Math.sqrt(squares.reduce((sum, square) => sum + square, 0)) };
  }

  [Symbol.dispose](): void {
    const { before } = this.given;
    if (!this.#hasGivenResult) before.restore();
    before[Symbol.dispose]();
    tf.dispose([...this.#taught]);
  }

  async #explained(problem: string): Promise<NotFiniteError> {
    const { before, changed } = this.given;
    const found = await originOfNotFinite(this.#taught, before, changed);
    return new NotFiniteError(
      found ? `${problem}: ${found.origin}` : problem,
      found?.advice ?? "lower train.lr or set train.clip_grad_norm",
    );
  }
}
