import type { Pixels } from "./augmenter.ts";
import type { EvaluationDetails, Figures } from "./evaluator.ts";

/** One line a step. */
export interface StepRecord {
  /** Steps done, counting from 1. */
  step: number;
  /** Epochs done, as a fraction. */
  epoch: number;
  loss: number;
  lr: number;
  /** Measured: of two runs that are equal bit for bit, this alone differs. */
  images_per_second: number;
  /** Length of the gradient of all weights, before any clipping. */
  gradient_norm: number;
  /** By objective, before their weights; absent where the loss is a single one. */
  losses?: Readonly<Record<string, number>>;
  /** What objectives tell beside their losses; absent if nothing. */
  metrics?: Readonly<Record<string, number>>;
}

/** Where a step's time went, and what it says of the rest. */
export interface StepTiming {
  /** From the end of the step before, or of the evaluation or checkpoint after it; `images_per_second` is of these. */
  seconds: number;
  /** Of these, how long it waited for views. */
  dataWaitSeconds: number;
  /** How long the rest of the run will take, by the newest steps; null in the first ones, which are traced. */
  secondsLeft: number | null;
  /** Whether it will be less, since later steps find the teacher's embeddings in its cache. Default: false. */
  secondsLeftAtMost?: boolean;
}

/** One line an evaluation. */
export interface EvaluationRecord {
  step: number;
  epoch: number;
  /** `teacher`, `untrained`, `initial` (as `student.weights` has it) or `student`. */
  network: string;
  /** By evaluator. */
  evaluation: Record<string, Figures>;
  /** How the figures came about, by evaluator. */
  details?: Record<string, EvaluationDetails>;
  /** True: the network makes the same of all images, so that the figures are those of a guess. Absent: it does not. */
  identical_features?: true;
}

/** Pictures of what a run works on. */
export interface PicturesRecord {
  step: number;
  /**
   * `views`: a row an image, its views as training shows them, before any mixup. `neighbours/NETWORK`, of a network that
   * was evaluated: a row a picture that it has not trained on, then those that it finds nearest.
   */
  name: string;
  /** RGB, 8 bits; of one size within a record. */
  rows: readonly (readonly Pixels[])[];
}

/** What a run is, for the first screen. */
export interface RunDescription {
  recipe: string;
  directory: string;
  engine: string;
  device: string;
  teacher: string | null;
  student: string;
  /** What the student is called among several of its recipe that train together; null: it trains alone. Default: null. */
  studentName?: string | null;
  images: number;
  stepsPerEpoch: number;
  /** Steps of the whole run. */
  steps: number;
  /** Step this process starts after: 0, or the checkpoint's on a resume. */
  startStep: number;
  /** The recipe with every default filled in: the run's hyper-parameters. */
  settings: Readonly<Record<string, unknown>>;
  /** Versions, device, weights, counts, as in `run.json`: of the run's beginning; each resume's are in its `resumed`. */
  facts: Readonly<Record<string, unknown>>;
}

/**
 * Follows a run. It only watches: the core writes `metrics.jsonl` and the rest of the run's folder. Every method may be
 * absent. After a resume `start` is told the step that the run goes on from; steps after it are told anew.
 *
 * What it throws when it is made or started, before training, ends the run. What it throws later is told to the user
 * once, and it is put aside: it is told nothing more, and the run goes on.
 */
export interface Logger {
  /** Wrong options, a file that cannot be written, a server that is not there are told here. */
  start?(run: RunDescription): void | Promise<void>;
  /** Not waited for: what takes long is begun here, and waited for in `end` or when it is disposed of. */
  step?(record: StepRecord, timing: StepTiming): void;
  evaluation?(record: EvaluationRecord): void;
  /** Waited for. They are made only if a logger has this method. */
  pictures?(record: PicturesRecord): void | Promise<void>;
  /** Something worth a line: all that the run and its plugins print to the user while it runs. */
  message?(text: string): void;
  /** After the last step; waited for. */
  end?(): void | Promise<void>;
  /** However the run ended, and also if it never started. */
  [Symbol.dispose]?(): void;
  /** In place of `Symbol.dispose` where there are both; waited for. */
  [Symbol.asyncDispose]?(): Promise<void>;
  /**
   * Whether the files that it writes into the run's folder are the same, byte for byte, after a break and a resume as
   * of an uninterrupted run. False is for those that cannot be, for example since they hold the time of day. Default:
   * true.
   */
  readonly repeatable?: boolean;
}

/** Lets a logger go as {@link Logger} says. */
export async function disposeLogger(logger: Logger): Promise<void> {
  if (logger[Symbol.asyncDispose]) await logger[Symbol.asyncDispose]!();
  else logger[Symbol.dispose]?.();
}
