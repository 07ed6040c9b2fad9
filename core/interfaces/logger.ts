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
}

/** Where a step's time went. */
export interface StepTiming {
  /** How long it waited for views. */
  dataWaitSeconds: number;
}

/** One line an evaluation. */
export interface EvaluationRecord {
  step: number;
  epoch: number;
  /** `teacher`, `untrained` or `student`. */
  network: string;
  /** By evaluator. */
  evaluation: Record<string, Figures>;
  /** How the figures came about, by evaluator. */
  details?: Record<string, EvaluationDetails>;
}

/** What a run is, for the first screen. */
export interface RunDescription {
  recipe: string;
  directory: string;
  engine: string;
  device: string;
  teacher: string | null;
  student: string;
  images: number;
  stepsPerEpoch: number;
  /** Steps of the whole run. */
  steps: number;
  /** Step this process starts after: 0, or the checkpoint's on a resume. */
  startStep: number;
}

/** Follows a run. Every method may be absent. */
export interface Logger extends Disposable {
  start?(run: RunDescription): void | Promise<void>;
  step?(record: StepRecord, timing: StepTiming): void;
  evaluation?(record: EvaluationRecord): void;
  /** Something worth a line, for example `Checkpoint written: ...`. */
  message?(text: string): void;
  /** After the last step. */
  end?(): void;
}
