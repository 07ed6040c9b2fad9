import type { Parameter } from "../../interfaces/student.ts";
import { tf } from "../../tf.ts";
import { type DecayOn, decays, disposeState, type Optimizer, trainedOf, zerosBeside } from "./optimizer.ts";

/** What AdamW goes by. */
export interface AdamWOptions {
  /** How much of themselves the means of gradients and of their squares keep. */
  betas: readonly [number, number];
  epsilon: number;
  weightDecay: number;
  /** Default `all`. */
  weightDecayOn?: DecayOn;
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, ICLR 2019, algorithm 2, in PyTorch's form):
 * `w <- w - lr * decay * w`, `m <- b1 * m + (1 - b1) * g`, `v <- b2 * v + (1 - b2) * g^2`,
 * `w <- w - lr * m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + epsilon)`.
 */
export class AdamW implements Optimizer {
  readonly trained: readonly Parameter[];
  readonly state: readonly Parameter[];
  readonly #first: readonly Parameter[];
  readonly #second: readonly Parameter[];

  constructor(parameters: readonly Parameter[], private readonly options: AdamWOptions) {
    this.trained = trainedOf(parameters);
    this.#first = zerosBeside(this.trained, "first_moment");
    this.#second = zerosBeside(this.trained, "second_moment");
    this.state = [...this.#first, ...this.#second];
  }

  numbers(lr: number, step: number): number[] {
    const [corrected1, corrected2] = this.options.betas.map((beta) => 1 - beta ** (step + 1));
    return [1 - lr * this.options.weightDecay, lr / corrected1, 1 / Math.sqrt(corrected2)];
  }

  update(gradients: readonly tf.Tensor[], [kept, rate, root]: readonly tf.Tensor[]): void {
    const { betas: [b1, b2], epsilon } = this.options;
    this.trained.forEach((parameter, i) => {
      const { variable } = parameter, m = this.#first[i].variable, v = this.#second[i].variable;
      tf.tidy(() => {
        m.assign(tf.add(tf.mul(m, b1), tf.mul(gradients[i], 1 - b1)));
        v.assign(tf.add(tf.mul(v, b2), tf.mul(tf.square(gradients[i]), 1 - b2)));
        const direction = tf.div(m, tf.add(tf.mul(tf.sqrt(v), root), epsilon));
        const decayed = decays(parameter, this.options) ? tf.mul(variable, kept) : variable;
        variable.assign(tf.sub(decayed, tf.mul(direction, rate)));
      });
    });
  }

  [Symbol.dispose](): void {
    disposeState(this.state);
  }
}
