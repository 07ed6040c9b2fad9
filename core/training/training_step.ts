import type { Engine, Precision, TracedFunction } from "../interfaces/engine.ts";
import { RunError } from "../errors.ts";
import { inputsOf, type LossTerm, needsOf } from "./loss_terms.ts";
import { dealNoise, noisyStudent, stepNoise } from "./noise.ts";
import type { Optimizer } from "./optimizers/optimizer.ts";
import type { TrainOptions } from "../recipe/schema.ts";
import { sharedStudent } from "./shared_student.ts";
import { Snapshot } from "./snapshot.ts";
import type { Parameter, Student } from "../interfaces/student.ts";
import { tf } from "../tf.ts";
import type { WeightAverage } from "./weight_average.ts";

/** Views of the images of a step, and what the teacher makes of them. */
export interface Views {
  /** One batch a view, `[batch, size, size, 3]` float32 in 0..255. */
  views: tf.Tensor4D[];
  /** The teacher's embedding of each view that it sees, `[batch, dim]` float32 unit rows. */
  teacher: tf.Tensor2D[];
}

/** What a step learns from; `patches` are the small ones, a stream each. Default: none. */
export interface StepBatch extends Views {
  patches?: readonly Views[];
}

/** The parts that a step is made of; whoever made them disposes of them. */
export interface StepParts {
  engine: Engine;
  student: Student;
  terms: readonly LossTerm[];
  optimizer: Optimizer;
  average?: WeightAverage | null;
}

/** How a step goes. */
export interface StepOptions {
  /** Of the student's random numbers, if it takes any. */
  seed: number;
  /** Default: the gradient is taken as long as it is. */
  clipGradNorm?: number | null;
  /** Parts that the batch is run in, one after the other; batch norm sees each alone. Default 1. */
  accumulate?: number;
  /** Of the convolutions and what lies between them; the head, the loss and the update are in fp32. Default `fp32`. */
  precision?: Precision;
}

/** How a recipe's steps go. */
export function stepOptions(train: TrainOptions, seed: number): StepOptions {
  const { clip_grad_norm: clipGradNorm, accumulate, precision } = train;
  return { seed, clipGradNorm, accumulate, precision };
}

/** A loss or a gradient that is no number; the message says which. */
export class NotFiniteError extends RunError {}

/** What becomes of a batch, or of a part of one. */
interface Learnt {
  loss: tf.Scalar;
  /** One a trained weight. */
  gradients: tf.Tensor[];
  /** New rows for the queues, in the order of the terms that have one. */
  rows: tf.Tensor2D[];
}

/**
 * One step: momentum encoders follow, forward, loss, gradients, update of the weights; then the new rows go into the
 * queues, so that a batch is not its own past.
 */
export class TrainingStep implements Disposable {
  /** Numbers of the views that the teacher sees; of patches, which are one view, the first. */
  readonly #seen: readonly number[];
  readonly #noisePerImage: number;
  readonly #accumulate: number;
  /** Everything that a step changes but the queues, which are changed when nothing can go wrong any more. */
  readonly #variables: readonly tf.Variable[];
  /** Sums of the gradients of the batch's parts; none if it is run in one. */
  readonly #sums: readonly tf.Variable[];
  readonly #traced: Record<"whole" | "prepare" | "part" | "update" | "enqueue", TracedFunction>;

  constructor(private readonly parts: StepParts, private readonly options: StepOptions) {
    const { engine, student, optimizer, average, terms } = parts, { accumulate = 1 } = options;
    this.#seen = needsOf(terms).teacherViews;
    this.#noisePerImage = student.noisePerImage ?? 0;
    this.#accumulate = accumulate;
    this.#variables = [
      ...new Set(
        [student, optimizer, average, ...terms.map(({ objective }) => objective)]
          .flatMap((part) => stateOf(part)).map(({ variable }) => variable),
      ),
    ];
    this.#sums = accumulate > 1
      ? optimizer.trained.map(({ variable }) => tf.tidy(() => tf.variable(tf.zerosLike(variable), false)))
      : [];
    const { precision } = options;
    const trace = (name: string, body: (...inputs: tf.Tensor[]) => tf.Tensor[]) =>
      engine.trace(body, { name: `training step${name}`, precision, training: true });
    this.#traced = {
      whole: trace("", (numbers, ...batch) => {
        this.#prepare();
        const { loss, gradients, rows } = this.#learn(batch);
        const squares = this.#update(gradients, numbers);
        return [loss, squares, ...rows];
      }),
      prepare: trace(": momentum encoders", (none) => {
        this.#prepare();
        return [tf.clone(none)];
      }),
      part: trace(": part of a batch", (...batch) => {
        const { loss, gradients, rows } = this.#learn(batch);
        gradients.forEach((gradient, i) => this.#sums[i].assign(tf.add(this.#sums[i], gradient)));
        return [loss, ...rows];
      }),
      update: trace(": update", (numbers) => {
        const squares = this.#update(this.#sums.map((sum) => tf.div(sum, accumulate)), numbers);
        this.#sums.forEach((sum) => sum.assign(tf.zerosLike(sum)));
        return [squares];
      }),
      enqueue: trace(": queues", (...rows) => {
        this.#queues.forEach((queue, i) => queue.enqueue(rows[i] as tf.Tensor2D));
        return [tf.scalar(0)];
      }),
    };
  }

  /**
   * @param step Number of the step, which the student's random numbers depend on; the first is 0.
   * @returns the loss.
   * @throws {NotFiniteError} If the loss or a gradient is not a number; everything is then as it was before the step.
   */
  async run(batch: StepBatch, learningRate: number, step: number): Promise<number> {
    using before = new Snapshot(this.#variables);
    const { loss, squares, rows } = await this.#run(batch, learningRate, step);
    const problem = this.#problem(loss, squares);
    if (problem) {
      tf.dispose(rows);
      before.restore();
      throw new NotFiniteError(problem);
    }
    if (rows.length) tf.dispose(await this.#traced.enqueue.call(...rows));
    tf.dispose(rows);
    return loss;
  }

  [Symbol.dispose](): void {
    for (const traced of Object.values(this.#traced)) traced[Symbol.dispose]();
    tf.dispose([...this.#sums]);
  }

  get #queues() {
    return this.parts.terms.flatMap(({ queue }) => queue ?? []);
  }

  async #run(batch: StepBatch, learningRate: number, step: number) {
    const numbers = tf.tensor1d(this.parts.optimizer.numbers(learningRate, step));
    const inputs = this.#inputs(batch, step);
    try {
      if (this.#accumulate === 1) {
        const [loss, squares, ...rows] = await this.#traced.whole.call(numbers, ...inputs);
        return { loss: await read(loss), squares: await readAll(squares), rows };
      }
      return await this.#runInParts(inputs, numbers);
    } finally {
      tf.dispose([numbers, this.#noisePerImage ? inputs.at(-1)! : []]);
    }
  }

  async #runInParts(inputs: tf.Tensor[], numbers: tf.Tensor1D) {
    tf.dispose(await this.#traced.prepare.call(numbers));
    const parts = this.#accumulate, rowsOfParts: tf.Tensor[][] = [];
    let sum = 0;
    for (let part = 0; part < parts; part++) {
      const slices = inputs.map((input) => sliceOf(input, part, parts));
      const [loss, ...rows] = await this.#traced.part.call(...slices);
      tf.dispose(slices);
      rowsOfParts.push(rows);
      sum += await read(loss);
    }
    const rows = rowsOfParts[0].map((_, i) => tf.concat(rowsOfParts.map((part) => part[i])));
    tf.dispose(rowsOfParts);
    const [squares] = await this.#traced.update.call(numbers);
    return { loss: sum / parts, squares: await readAll(squares), rows };
  }

  /** In this order: of each stream its views and their embeddings; then random numbers. */
  #inputs({ views, teacher, patches = [] }: StepBatch, step: number): tf.Tensor[] {
    const streams = [{ views, teacher }, ...patches];
    const inputs: tf.Tensor[] = streams.flatMap(({ views, teacher }) => [...views, ...teacher]);
    this.#counts = streams.map(({ views, teacher }) => [views.length, teacher.length]);
    if (!this.#noisePerImage) return inputs;
    const rows = streams.flatMap(({ views }) => views).reduce((sum, { shape }) => sum + shape[0], 0);
    const shape: [number, number] = [this.#hasNoiseOfItsOwn ? 2 * rows : rows, this.#noisePerImage];
    return [...inputs, stepNoise(shape, { seed: this.options.seed, step })];
  }

  /** Whether an objective takes random numbers beside the student's. */
  get #hasNoiseOfItsOwn(): boolean {
    return this.parts.terms.some(({ objective }) => objective.usesNoise);
  }

  /** How many views and embeddings each stream has. */
  #counts: number[][] = [];

  #streams(inputs: tf.Tensor[]): Views[] {
    const rest = [...inputs], together = (list: tf.Tensor[]) => list.length ? [tf.concat(list)] : [];
    return this.#counts.map((counts, stream) => {
      // All patches of a stream in one pass, whose batch norm sees them alone.
      const [views, teacher] = counts.map((n) => rest.splice(0, n)).map((list) =>
        stream ? together(list) : list
      );
      return { views: views as tf.Tensor4D[], teacher: teacher as tf.Tensor2D[] };
    });
  }

  #prepare(): void {
    const objectives = new Set(this.parts.terms.map(({ objective }) => objective));
    for (const objective of objectives) objective.prepare?.(this.parts.student);
  }

  /** The weighted sum of the losses, and its gradient. */
  #learn(inputs: tf.Tensor[]): Learnt {
    const { terms, optimizer } = this.parts, streams = this.#streams(inputs);
    const rows: tf.Tensor2D[] = [];
    const { value, grads } = tf.variableGrads(() => {
      const noise = this.#noisePerImage
        ? dealNoise(inputs.at(-1) as tf.Tensor2D, this.#hasNoiseOfItsOwn)
        : null;
      using student = sharedStudent(
        noise ? noisyStudent(this.parts.student, noise.student) : this.parts.student,
      );
      const losses = terms.map((term) => {
        const { loss, enqueue } = term.objective.loss(
          inputsOf(term, { ...streams[term.stream], seen: this.#seen, student, noise: noise?.own }),
        );
        if (enqueue && term.queue) rows.push(tf.keep(this.#toEnqueue(enqueue, inputs))); // outlives this scope
        return term.weight === 1 ? loss : tf.mul(loss, term.weight);
      });
      return losses.reduce((sum, loss) => tf.add(sum, loss)) as tf.Scalar;
    }, optimizer.trained.map(({ variable }) => variable));
    const gradients = optimizer.trained.map(({ variable }) => grads[variable.name]);
    const enqueued = rows.map((row) => row.clone());
    tf.dispose(rows); // kept: nothing else would free them
    return { loss: value, gradients, rows: enqueued };
  }

  /** Of several patches of an image the first goes into the queue. */
  #toEnqueue(rows: tf.Tensor2D, [view]: tf.Tensor[]): tf.Tensor2D {
    const images = view.shape[0];
    return rows.shape[0] > images ? rows.slice([0, 0], [images, -1]) : rows.clone();
  }

  /** @returns the sum of squares of each gradient, `[trained]`, before any clipping. */
  #update(gradients: tf.Tensor[], numbers: tf.Tensor): tf.Tensor1D {
    const { optimizer, student, average } = this.parts, { clipGradNorm } = this.options;
    const squares = tf.stack(gradients.map((gradient) => tf.sum(tf.square(gradient)))) as tf.Tensor1D;
    const clipped = clipGradNorm ? clip(gradients, squares, clipGradNorm) : gradients;
    optimizer.update(clipped, tf.unstack(numbers));
    average?.follow(student);
    return squares;
  }

  /** What is wrong with the loss or the gradients, if anything is. */
  #problem(loss: number, squares: Float32Array): string | null {
    const { trained } = this.parts.optimizer;
    const broken = trained.filter((_, i) => !Number.isFinite(squares[i]));
    if (Number.isFinite(loss) && broken.length === 0) return null;
    return broken.length
      ? `the gradient of ${trained.length === broken.length ? "every weight" : `"${broken[0].name}"`}` +
        (broken.length > 1 && trained.length > broken.length ? ` and ${broken.length - 1} more` : "") +
        (Number.isFinite(loss) ? " is not finite" : ` is not finite, and the loss is "${loss}"`)
      : `the loss is "${loss}"`;
  }
}

function stateOf(part: Partial<Record<"parameters" | "state", readonly Parameter[]>> | null | undefined) {
  return part?.parameters ?? part?.state ?? [];
}

/** All gradients shortened alike, as PyTorch's `clip_grad_norm_` does. */
function clip(gradients: tf.Tensor[], squares: tf.Tensor1D, longest: number): tf.Tensor[] {
  const scale = tf.minimum(tf.div(longest, tf.add(tf.sqrt(tf.sum(squares)), 1e-6)), 1);
  return gradients.map((gradient) => tf.mul(gradient, scale));
}

function sliceOf(input: tf.Tensor, part: number, parts: number): tf.Tensor {
  const rows = input.shape[0] / parts, rest = input.shape.length - 1;
  return tf.slice(input, [part * rows, ...Array(rest).fill(0)], [rows, ...Array(rest).fill(-1)]);
}

async function read(scalar: tf.Tensor): Promise<number> {
  return (await readAll(scalar))[0];
}

async function readAll(tensor: tf.Tensor): Promise<Float32Array> {
  const values = await tensor.data() as Float32Array;
  tensor.dispose();
  return values;
}
