import type { Parameter, Student } from "../interfaces/student.ts";
import { tf } from "../tf.ts";

/**
 * A student whose weights are the exponential moving average of those that are trained, running statistics
 * included: `a <- decay * a + (1 - decay) * w` after each step. It is evaluated and written in their place.
 */
export class WeightAverage implements Disposable {
  /** For checkpoints, named `ema.<weight's name>`. */
  readonly parameters: readonly Parameter[];

  /** @param student A student with the values that training begins with; disposed of with this. */
  constructor(readonly student: Student, private readonly decay: number) {
    this.parameters = student.parameters.map((parameter) => ({
      ...parameter,
      name: `ema.${parameter.name}`,
      trainable: false,
    }));
  }

  /** Callable inside a traced function. */
  follow({ parameters }: Student): void {
    parameters.forEach(({ variable, frozen }, i) => {
      if (frozen) return; // rounding would move it
      const average = this.parameters[i].variable;
      tf.tidy(() => average.assign(tf.add(tf.mul(average, this.decay), tf.mul(variable, 1 - this.decay))));
    });
  }

  [Symbol.dispose](): void {
    this.student[Symbol.dispose]();
  }
}
