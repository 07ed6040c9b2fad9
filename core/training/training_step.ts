/**
 * One step of training, in tensors: what becomes of a batch of views and of the teacher's embeddings of them.
 *
 * @module
 */
import type { Engine, Precision } from "../interfaces/engine.ts";
import type { TrainingProgress } from "../interfaces/objective.ts";
import type { Parameter, Student } from "../interfaces/student.ts";
import type { TrainOptions } from "../recipe/schema.ts";
import { tf } from "../tf.ts";
import { gatherRows, sumOver } from "../processes/tensors.ts";
import type { Processes } from "../processes/processes.ts";
import { type Figures, mapNamed, ToldVector } from "./figures.ts";
import { clip, gradientsOf } from "./gradients.ts";
import { LossBounds } from "./loss_bounds.ts";
import { inputsOf, type LossTerm, seenBy, stateOf } from "./loss_terms.ts";
import { LearntVector } from "./learnt_vector.ts";
import { mapTensors, NamedFunction, tensorsOf } from "./named_tensors.ts";
import { NoiseDealer, stepNoise } from "./noise.ts";
import type { Optimizer } from "./optimizers/optimizer.ts";
import { rowsToEnqueue } from "./rows_to_enqueue.ts";
import { Snapshot } from "./snapshot.ts";
import type { StepBatch } from "./step_batch.ts";
import type { StepPosition } from "./step_position.ts";
import { type StepResult, StepUnderWay } from "./step_under_way.ts";
import { outputsOf } from "./stream_outputs.ts";
import type { WeightAverage } from "./weight_average.ts";

/** The parts that a step is made of; whoever made them disposes of them. */
export interface StepParts {
  engine: Engine;
  student: Student;
  terms: readonly LossTerm[];
  average?: WeightAverage | null;
  /** Each of which runs a slice of the batch; null, or absent: this one runs all of it. */
  processes?: Processes | null;
  /** Makes what turns the gradients of these parameters into new weights; the step disposes of it. */
  optimizer(parameters: readonly Parameter[]): Optimizer;
}

/** How a step goes. */
export interface StepOptions {
  /** Of the student's random numbers, if it takes any. */
  seed: number;
  /** Default: the gradient is taken as long as it is. */
  clipGradNorm?: number | null;
  /**
   * Parts that the batch is run in, one after the other; batch norm sees each alone, and running statistics become
   * the mean of what the parts make of them. Default 1.
   */
  accumulate?: number;
  /** Parts of a pass whose batch norms are apart. Default 1. */
  bnSplits?: number;
  /** Of the convolutions and what lies between them; the head, the loss and the update are in fp32. Default `fp32`. */
  precision?: Precision;
}

/** How a recipe's steps go. */
export function stepOptions(train: TrainOptions, seed: number): StepOptions {
  const { clip_grad_norm: clipGradNorm, bn_splits: bnSplits, accumulate, precision } = train;
  return { seed, clipGradNorm, accumulate, bnSplits, precision };
}

/** A batch, or a part of one, with the random numbers that its passes take. */
type Learnable = { streams: StepBatch; noise: tf.Tensor2D[] };

/** What becomes of it. */
type Learnt = {
  figures: Figures<tf.Scalar>;
  /** One a trained weight. */
  gradients: tf.Tensor[];
  /** New rows, by the name of their queue. */
  rows: Record<string, tf.Tensor2D>;
};

/**
 * One step: momentum encoders follow, forward, loss, gradients, update of the weights; then the new rows go into the
 * queues, so that a batch is not its own past.
 */
export class TrainingStep implements Disposable {
  readonly optimizer: Optimizer;
  readonly #accumulate: number;
  /** Everything that a step changes. */
  readonly #variables: readonly tf.Variable[];
  readonly #told = new ToldVector();
  readonly #whole;
  readonly #prepared;
  /** One a part of a batch: cuts it out. */
  readonly #cut;
  readonly #part;
  readonly #added;
  readonly #updated;
  readonly #enqueued;

  constructor(private readonly parts: StepParts, private readonly options: StepOptions) {
    const { engine, student, average, processes } = parts, { accumulate = 1, precision } = options;
    const own = stateOf(parts.terms);
    this.optimizer = parts.optimizer([...student.parameters, ...own]);
    this.#accumulate = accumulate;
    const changed = [...student.parameters, ...own, ...this.optimizer.state, ...average?.parameters ?? []];
    const queued = parts.terms.flatMap(({ queue }) => queue ? [queue.embeddings, queue.pointer] : []);
    this.#variables = [...new Set([...changed.map(({ variable }) => variable), ...queued as tf.Variable[]])];
    const vector = new LearntVector(stateThatPassesChange(student, own));
    const named = (what: string) => ({ name: `training step${what}`, precision, training: true });
    type Numbers = { optimizer: tf.Tensor1D; progress: tf.Tensor1D };
    this.#whole = new NamedFunction(engine, ({ batch, numbers }: { batch: Learnable; numbers: Numbers }) => {
      const progress = progressOf(numbers.progress);
      this.#prepare(progress);
      const { figures, gradients, rows } = this.#learn(batch, progress);
      return { told: this.#told.pack(figures, this.#update(gradients, numbers.optimizer)), rows };
    }, named(""));
    this.#prepared = new NamedFunction(engine, ({ progress }: { progress: tf.Tensor1D }) => {
      this.#prepare(progressOf(progress));
      return { done: tf.clone(progress) };
    }, named(": momentum encoders"));
    this.#cut = Array.from({ length: accumulate }, (_, i) =>
      new NamedFunction(
        engine,
        (batch: Learnable) => mapTensors(batch, (tensor) => sliceOf(tensor, i, accumulate)),
        { name: `training step: cut of part ${i + 1}` },
      ));
    this.#part = new NamedFunction(
      engine,
      ({ batch, progress }: { batch: Learnable; progress: tf.Tensor1D }) => {
        const { vector: sum, learnt: { rows } } = vector.pack(() => this.#learn(batch, progressOf(progress)));
        return { sum, rows };
      },
      named(": part of a batch"),
    );
    this.#added = new NamedFunction(
      engine,
      ({ sum, part }: { sum: tf.Tensor1D; part: tf.Tensor1D }) => ({ sum: tf.add(sum, part) as tf.Tensor1D }),
      { name: "training step: sum of parts" },
    );
    this.#updated = new NamedFunction(
      engine,
      ({ sum, parts, optimizer }: { sum: tf.Tensor1D; parts: Learnt["rows"][]; optimizer: tf.Tensor1D }) => {
        const { figures, gradients } = vector.unpack(sum, accumulate * (processes?.size ?? 1));
        return { told: this.#told.pack(figures, this.#update(gradients, optimizer)), rows: joined(parts) };
      },
      named(": update"),
    );
    this.#enqueued = new NamedFunction(engine, (rows: Record<string, tf.Tensor2D>) => {
      for (const { queue, queueName } of this.parts.terms) {
        if (queue && rows[queueName]) queue.enqueue(rows[queueName]);
      }
      return { done: tf.scalar(0) };
    }, named(": queues"));
  }

  /** Whether the next step may begin before this one's result is there: calls are queued, and none waits for others. */
  get isQueued(): boolean {
    return Boolean(this.parts.engine.queuesCalls) && !this.parts.processes;
  }

  /**
   * Takes a step, and waits for what comes of it.
   *
   * @throws {NotFiniteError} If the loss or a gradient is not a number; everything is then as it was before the step.
   */
  async run(batch: StepBatch, position: StepPosition): Promise<StepResult> {
    using underWay = await this.begin(batch, position);
    return await underWay.result();
  }

  /** Begins a step; the variables have their new values from then on, to be computed. The batch may be freed. */
  async begin(batch: StepBatch, position: StepPosition): Promise<StepUnderWay> {
    using stack = new DisposableStack();
    const before = stack.use(new Snapshot(this.#variables));
    const { told, rows } = await this.#run(batch, position);
    try {
      if (tensorsOf(rows).length) tf.dispose(tensorsOf(await this.#enqueued.call(rows)));
    } finally {
      tf.dispose(tensorsOf(rows));
    }
    stack.move();
    return new StepUnderWay(this.#told.read(told), {
      ...{ before, trained: this.optimizer.trained },
      changed: [...this.parts.student.parameters, ...this.optimizer.state],
      taught: Object.values(batch).flatMap(({ teacherEmbeddings, teacherMaps }) => [
        ...teacherEmbeddings,
        ...teacherMaps,
      ]),
    });
  }

  [Symbol.dispose](): void {
    const { optimizer } = this;
    const inParts = [this.#prepared, ...this.#cut, this.#part, this.#added, this.#updated];
    for (const part of [this.#whole, ...inParts, this.#enqueued, optimizer]) part[Symbol.dispose]();
  }

  get #objectives() {
    return [...new Set(this.parts.terms.map(({ objective }) => objective))];
  }

  async #run(streams: StepBatch, position: StepPosition) {
    const numbers = {
      optimizer: tf.tensor1d(this.optimizer.numbers(position.learningRate, position.step)),
      progress: tf.tensor1d([position.step, position.epoch, position.share]),
    };
    const batch = { streams, noise: this.#noise(streams, position.step) };
    try {
      return this.#accumulate > 1 || this.parts.processes
        ? await this.#runInParts(batch, numbers)
        : await this.#whole.call({ batch, numbers });
    } finally {
      tf.dispose([...Object.values(numbers), ...batch.noise]);
    }
  }

  /** Parts are added up in this process first, then over all processes; the update is the same in each of them. */
  async #runInParts(
    batch: Learnable,
    { optimizer, progress }: { optimizer: tf.Tensor1D; progress: tf.Tensor1D },
  ) {
    const { processes } = this.parts, count = this.#accumulate;
    tf.dispose(tensorsOf(await this.#prepared.call({ progress })));
    let sum: tf.Tensor1D | null = null;
    const parts: Learnt["rows"][] = [];
    for (let i = 0; i < count; i++) {
      const part = count > 1 ? await this.#cut[i].call(batch) : batch;
      const learnt: { sum: tf.Tensor1D; rows: Learnt["rows"] } = await this.#part.call({
        batch: part,
        progress,
      });
      if (part !== batch) tf.dispose(tensorsOf(part));
      parts.push(learnt.rows);
      sum = sum ? await this.#sumOf(sum, learnt.sum) : learnt.sum;
    }
    if (processes) sum = await sumOver(processes, sum!);
    const { told, rows } = await this.#updated.call({ sum: sum!, parts, optimizer });
    tf.dispose([sum!, ...tensorsOf(parts)]);
    if (processes) {
      for (const name of Object.keys(rows)) rows[name] = await gatherRows(processes, rows[name]);
    }
    return { told, rows };
  }

  /** Frees both. */
  async #sumOf(sum: tf.Tensor1D, part: tf.Tensor1D): Promise<tf.Tensor1D> {
    const added = await this.#added.call({ sum, part });
    tf.dispose([sum, part]);
    return added.sum;
  }

  /** One tensor of random numbers for all passes of this process; none if the student takes none. */
  #noise(streams: StepBatch, step: number): tf.Tensor2D[] {
    const perImage = this.parts.student.noisePerImage ?? 0;
    if (!perImage) return [];
    const rows = Object.values(streams).flatMap(({ views }) => views).reduce(
      (sum, { shape }) => sum + shape[0],
      0,
    );
    const { rank, size } = this.parts.processes ?? { rank: 0, size: 1 };
    const ofAll = stepNoise([size * (this.#hasNoiseOfItsOwn ? 2 * rows : rows), perImage], {
      ...{ seed: this.options.seed, step },
    });
    if (size === 1) return [ofAll];
    const own = sliceOf(ofAll, rank, size) as tf.Tensor2D;
    ofAll.dispose();
    return [own];
  }

  /** Whether an objective takes random numbers beside the student's. */
  get #hasNoiseOfItsOwn(): boolean {
    return this.parts.terms.some(({ needs }) => needs.noise);
  }

  #prepare(progress: TrainingProgress): void {
    for (const objective of this.#objectives) objective.prepare?.({ student: this.parts.student, progress });
  }

  /** The weighted sum of the losses, and its gradient. */
  #learn({ streams, noise: [noise] }: Learnable, progress: TrainingProgress): Learnt {
    const { terms, student } = this.parts, { bnSplits = 1 } = this.options;
    // The second half of the random numbers is for networks of the objectives' own.
    const halves = noise && this.#hasNoiseOfItsOwn ? tf.split(noise, 2) as tf.Tensor2D[] : [noise];
    const [dealer, own] = halves.map((half) => half && new NoiseDealer(half));
    const { loss, gradients, more } = gradientsOf(() => {
      const outputs = new Map(
        Object.entries(streams).map(([name, batch]) => {
          const seen = seenBy(terms.filter(({ stream }) => stream === name));
          return [name, { seen, ...outputsOf(student, name, batch, { seen, bnSplits, noise: dealer, own }) }];
        }),
      );
      const rows: Record<string, tf.Tensor2D> = {}, metrics: Record<string, tf.Scalar> = {};
      const losses: Record<string, tf.Scalar> = {};
      const bounds = new LossBounds();
      const weighted = terms.map((term) => {
        const { seen, ...stream } = outputs.get(term.stream)!;
        const result = term.objective.loss(inputsOf(term, stream, seen, progress));
        const [{ shape: [rowsSeen] }] = stream.views, [{ shape: [images] }] = streams[term.stream].views;
        const enqueued = rowsToEnqueue(term, result, rowsSeen, images);
        if (enqueued) rows[term.queueName] = enqueued;
        for (const [name, value] of Object.entries(result.metrics ?? {})) {
          metrics[terms.length > 1 ? `${term.name}.${name}` : name] = value;
        }
        losses[term.name] = result.loss;
        bounds.add(result, term.weight);
        return term.weight === 1 ? result.loss : tf.mul(result.loss, term.weight);
      });
      const loss = weighted.reduce((sum, loss) => tf.add(sum, loss)) as tf.Scalar;
      return { loss, more: { rows, losses, metrics: { ...metrics, ...bounds.metrics() } } };
    }, this.optimizer.trained);
    const { rows, losses, metrics } = more;
    return { figures: { loss, losses, metrics }, gradients, rows };
  }

  /** @returns the sum of squares of each gradient, `[trained]`, before any clipping. */
  #update(gradients: readonly tf.Tensor[], numbers: tf.Tensor1D): tf.Tensor1D {
    const { student, average } = this.parts, { clipGradNorm } = this.options;
    const squares = tf.stack(gradients.map((gradient) => tf.sum(tf.square(gradient)))) as tf.Tensor1D;
    const clipped = clipGradNorm ? clip(gradients, squares, clipGradNorm) : gradients;
    this.optimizer.update(clipped, tf.unstack(numbers));
    average?.follow(student);
    return squares;
  }
}

function progressOf(numbers: tf.Tensor1D): TrainingProgress {
  const [step, epoch, share] = tf.unstack(numbers) as tf.Scalar[];
  return { step, epoch, share };
}

/** What the passes of a part may change: running statistics, of the student and of networks of the objectives' own. */
function stateThatPassesChange(student: Student, own: readonly Parameter[]): tf.Variable[] {
  return [
    ...new Set(
      [...student.parameters, ...own].filter(({ trainable }) => !trainable).map(({ variable }) => variable),
    ),
  ];
}

/** The rows of a batch's parts, one after the other. */
function joined(parts: Learnt["rows"][]): Learnt["rows"] {
  return mapNamed(parts[0], (name) => tf.concat(parts.map((rows) => rows[name])));
}

function sliceOf(input: tf.Tensor, part: number, parts: number): tf.Tensor {
  const rows = input.shape[0] / parts, rest = input.shape.length - 1;
  return tf.slice(input, [part * rows, ...Array(rest).fill(0)], [rows, ...Array(rest).fill(-1)]);
}
