import type { Parameter } from "./student.ts";
import { tf } from "./tf.ts";

/**
 * Stochastic gradient descent with momentum and weight decay, in PyTorch's form:
 * `g <- g + decay * w`, `m <- momentum * m + g`, `w <- w - lr * m`.
 */
export class Sgd implements Disposable {
  /** One a trainable parameter, in their order. */
  readonly momenta: readonly Parameter[];
  readonly #trained: readonly Parameter[];

  constructor(
    parameters: readonly Parameter[],
    private readonly options: { momentum: number; weightDecay: number },
  ) {
    this.#trained = parameters.filter((parameter) => parameter.trainable);
    this.momenta = this.#trained.map((parameter) => ({
      ...parameter,
      trainable: false,
      variable: tf.tidy(() => tf.variable(tf.zerosLike(parameter.variable), false)),
    }));
  }

  /**
   * Computes the gradient of `loss` and takes a step. Callable inside a traced function.
   *
   * @param lr Scalar: the learning rate.
   * @returns the loss.
   */
  minimize(loss: () => tf.Scalar, lr: tf.Tensor): tf.Scalar {
    const { value, grads } = tf.variableGrads(loss, this.#trained.map(({ variable }) => variable));
    const { momentum, weightDecay } = this.options;
    this.#trained.forEach(({ variable }, i) => {
      const m = this.momenta[i].variable;
      tf.tidy(() => {
        const gradient = tf.add(grads[variable.name], tf.mul(variable, weightDecay));
        m.assign(tf.add(tf.mul(m, momentum), gradient));
        variable.assign(tf.sub(variable, tf.mul(m, lr)));
      });
    });
    tf.dispose(grads);
    return value;
  }

  [Symbol.dispose](): void {
    for (const { variable } of this.momenta) variable.dispose();
  }
}
