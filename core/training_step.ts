import { noisyStudent, stepNoise } from "./noise.ts";
import type { Engine, TracedFunction } from "./engine.ts";
import type { Objective } from "./objective.ts";
import type { Queue } from "./queue.ts";
import { Sgd } from "./sgd.ts";
import type { Student } from "./student.ts";
import { tf } from "./tf.ts";

/** The parts that a step is made of. */
export interface StepParts {
  engine: Engine;
  student: Student;
  objective: Objective;
  queue: Queue;
}

/**
 * One step, as a single traced function: forward, loss, gradients, update of the weights, and the new rows of the
 * queue.
 */
export class TrainingStep implements Disposable {
  readonly optimizer: Sgd;
  readonly #step: TracedFunction;
  readonly #noisePerImage: number;

  /** @param options.seed Of the student's random numbers, if it takes any. */
  constructor(
    { engine, student, objective, queue }: StepParts,
    private readonly options: { momentum: number; weightDecay: number; seed: number },
  ) {
    this.optimizer = new Sgd(student.parameters, options);
    this.#noisePerImage = student.noisePerImage ?? 0;
    this.#step = engine.trace((lr, ...inputs) => {
      const views = inputs.splice(0, objective.views) as tf.Tensor4D[];
      const noise = this.#noisePerImage ? inputs.pop() as tf.Tensor2D : null;
      const teacher = inputs as tf.Tensor2D[];
      objective.prepare?.(student);
      let enqueue!: tf.Tensor2D;
      const loss = this.optimizer.minimize(() => {
        const learner = noise ? noisyStudent(student, noise) : student;
        const result = objective.loss({ views, student: learner, teacher, queue });
        enqueue = tf.keep(result.enqueue); // outlives the gradient's scope
        return result.loss;
      }, lr);
      queue.enqueue(enqueue); // after the loss: a batch is not its own past
      enqueue.dispose();
      return [loss];
    }, { name: "training step" });
  }

  /**
   * @param views One batch a view, `[batch, size, size, 3]` float32 in 0..255.
   * @param teacher The teacher's embedding of each view, if the objective uses a teacher.
   * @param step Number of the step, which the student's random numbers depend on.
   * @returns the loss.
   */
  async run(
    views: tf.Tensor4D[],
    teacher: tf.Tensor2D[],
    learningRate: number,
    step: number,
  ): Promise<number> {
    const lr = tf.scalar(learningRate), rows = views.reduce((sum, { shape }) => sum + shape[0], 0);
    const noise = this.#noisePerImage
      ? [stepNoise([rows, this.#noisePerImage], { seed: this.options.seed, step })]
      : [];
    const [loss] = await this.#step.call(lr, ...views, ...teacher, ...noise);
    const value = (await loss.data())[0];
    tf.dispose([lr, loss, noise]);
    return value;
  }

  [Symbol.dispose](): void {
    this.#step[Symbol.dispose]();
    this.optimizer[Symbol.dispose]();
  }
}
