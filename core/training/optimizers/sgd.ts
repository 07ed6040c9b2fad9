import type { Parameter } from "../../interfaces/student.ts";
import { tf } from "../../tf.ts";
import { type DecayOn, decays, disposeState, type Optimizer, trainedOf, zerosBeside } from "./optimizer.ts";

/** What SGD goes by. */
export interface SgdOptions {
  momentum: number;
  weightDecay: number;
  /** Default `all`. */
  weightDecayOn?: DecayOn;
  /** True: the step looks one momentum ahead. Default false. */
  nesterov?: boolean;
}

/**
 * Stochastic gradient descent with momentum and weight decay, in PyTorch's form:
 * `g <- g + decay * w`, `m <- momentum * m + g`, `w <- w - lr * m`, or with Nesterov's momentum
 * `w <- w - lr * (g + momentum * m)`.
 */
export class Sgd implements Optimizer {
  readonly trained: readonly Parameter[];
  readonly state: readonly Parameter[];

  constructor(parameters: readonly Parameter[], private readonly options: SgdOptions) {
    this.trained = trainedOf(parameters);
    this.state = zerosBeside(this.trained, "momentum");
  }

  numbers(lr: number): number[] {
    return [lr];
  }

  update(gradients: readonly tf.Tensor[], [lr]: readonly tf.Tensor[]): void {
    const { momentum, weightDecay, nesterov } = this.options;
    this.trained.forEach((parameter, i) => {
      const { variable } = parameter, m = this.state[i].variable;
      tf.tidy(() => {
        const g = decays(parameter, this.options)
          ? tf.add(gradients[i], tf.mul(variable, weightDecay))
          : gradients[i];
        m.assign(tf.add(tf.mul(m, momentum), g));
        const direction = nesterov ? tf.add(g, tf.mul(m, momentum)) : m;
        variable.assign(tf.sub(variable, tf.mul(direction, lr)));
      });
    });
  }

  [Symbol.dispose](): void {
    disposeState(this.state);
  }
}
