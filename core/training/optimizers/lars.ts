import type { Parameter } from "../../interfaces/student.ts";
import { tf } from "../../tf.ts";
import { disposeState, isVector, type Optimizer, trainedOf, zerosBeside } from "./optimizer.ts";

/** What LARS goes by. */
export interface LarsOptions {
  momentum: number;
  weightDecay: number;
  /** Length of a step as a share of the weights' length, at a rate of 1. */
  trustCoefficient: number;
}

/**
 * SGD with a rate of its own for each layer, for large batches (You et al., 2017; in the form of SimCLR's and
 * MoCo-v3's code): `g <- g + decay * w`, `g <- g * trust * |w| / |g|`, `m <- momentum * m + g`, `w <- w - lr * m`.
 * Biases and norms are neither decayed nor scaled.
 */
export class Lars implements Optimizer {
  readonly trained: readonly Parameter[];
  readonly state: readonly Parameter[];

  constructor(parameters: readonly Parameter[], private readonly options: LarsOptions) {
    this.trained = trainedOf(parameters);
    this.state = zerosBeside(this.trained, "momentum");
  }

  numbers(lr: number): number[] {
    return [lr];
  }

  update(gradients: readonly tf.Tensor[], [lr]: readonly tf.Tensor[]): void {
    this.trained.forEach((parameter, i) => {
      const { variable } = parameter, m = this.state[i].variable;
      tf.tidy(() => {
        const g = isVector(parameter) ? gradients[i] : this.#scaled(gradients[i], variable);
        m.assign(tf.add(tf.mul(m, this.options.momentum), g));
        variable.assign(tf.sub(variable, tf.mul(m, lr)));
      });
    });
  }

  #scaled(gradient: tf.Tensor, weights: tf.Tensor): tf.Tensor {
    const { weightDecay, trustCoefficient } = this.options;
    const g = tf.add(gradient, tf.mul(weights, weightDecay));
    const lengths = tf.norm(weights), length = tf.norm(g);
    const ratio = tf.divNoNan(tf.mul(lengths, trustCoefficient), length);
    // Where there is no length to go by, the gradient stays as it is.
    const scale = tf.where(tf.greater(ratio, 0), ratio, tf.onesLike(ratio));
    return tf.mul(g, scale);
  }

  [Symbol.dispose](): void {
    disposeState(this.state);
  }
}
