import type { KeyPart } from "../random.ts";
import type { ImageReference, ImageSet } from "./data_source.ts";
import type { Student } from "./student.ts";

/** Embeddings of an image set: row i belongs to image i. */
export interface EmbeddedSet {
  /** Backbone features, `[n, featureDim]` row-major float32, not normalised. */
  readonly features: Float32Array;
  readonly featureDim: number;
  /** What the projection head makes of them; absent where there is none: a teacher's features are its embedding. */
  readonly embedding?: { readonly values: Float32Array; readonly dim: number };
  readonly images: ImageSet;
}

/** A network's view of the evaluation data. */
export interface Embedded {
  readonly gallery: EmbeddedSet;
  readonly queries: EmbeddedSet;
}

/** What an evaluator may look at. Embeddings are computed once and shared between evaluators. */
export interface EvaluationInputs {
  /** The network under test. */
  readonly subject: Embedded;
  /** The teacher's embeddings of the same images; null if there is no teacher. */
  readonly teacher: Embedded | null;
  /** The network itself, for evaluators that train it further; absent: it is frozen, as a teacher is. */
  readonly network?: TrainableNetwork;
  /** Makes views of images; absent: nobody makes any. */
  readonly views?: ViewMaker;
  /** Takes what goes into the run's records beside the figures; absent: nobody asks. */
  readonly report?: (details: EvaluationDetails) => void;
}

/** A network that can be trained further. */
export interface TrainableNetwork {
  /** Side in pixels of the views that it was trained on. */
  readonly size: number;
  /** A copy with the same weights, the caller's to change and to dispose of. */
  copy(): Promise<Student>;
}

/** Views to make of images, one of each. */
export interface ViewRequest {
  readonly images: readonly ImageReference[];
  /** Side of the views in pixels. */
  readonly size: number;
  /** Keys of the random choices, one an image; null or absent: centre crops, as embeddings are computed of. */
  readonly keys?: readonly KeyPart[][] | null;
  /** Which of the augmenters that the plugin's `needs` names makes them; of centre crops none does. */
  readonly augmenter?: string;
  /** Of centre crops: what the short side is resized to before; default `size / 0.875`. */
  readonly shortSide?: number;
}

/** Makes views in the worker threads of the run. */
export interface ViewMaker {
  /**
   * Makes a batch for each request, in their order, a few of them ahead.
   *
   * @returns `[images, size, size, 3]` uint8 RGB each; valid until the next batch is asked for.
   * @throws {RunError} If an image cannot be read; the message names it.
   */
  batches(
    requests: Iterable<ViewRequest>,
  ): AsyncIterable<{ readonly pixels: Uint8Array; readonly size: number }>;
}

/** How figures came about, and what is behind them. */
export interface EvaluationDetails {
  /** What was done, in a line. */
  readonly protocol: string;
  /** Images that were learnt from or searched in, and images that were asked about. */
  readonly gallery: number;
  readonly queries: number;
  /** Of whatever was drawn; null: nothing was. */
  readonly seed: number | null;
  /** Names of the classes, whose order the others have. */
  readonly classes?: readonly string[];
  /** Accuracy of each class; null: no query is of it. */
  readonly per_class?: readonly (number | null)[];
  /** Queries by their class (rows) and the class that they were given (columns); up to 100 classes. */
  readonly confusion?: readonly (readonly number[])[];
  /** Of more classes, the twenty commonest mistakes: a class, the class that was given in its place, how many queries. */
  readonly confused?: readonly (readonly [label: number, given: number, queries: number])[];
}

/** Named figures, for example `{ "top1": 0.364 }`: fractions in 0..1, not per cent. */
export type Figures = Record<string, number>;

/** All figures of an evaluation, each with its evaluator's name before its own: `knn top1`. */
export function figuresOf(evaluation: Record<string, Figures>): [name: string, value: number][] {
  return Object.entries(evaluation).flatMap(([evaluator, figures]) =>
    Object.entries(figures).map(([figure, value]): [string, number] => [`${evaluator} ${figure}`, value])
  );
}

/** Measures how good a frozen network's embeddings are. */
export interface Evaluator {
  /** Key of its figures in `metrics.jsonl` and `summary.json`, for example `knn`. */
  readonly name: string;
  /** True: it needs the teacher's embeddings. Absent: `eval` runs it without them. */
  readonly usesTeacher?: boolean;
  /** True: it trains the network further, and is left out where that is a frozen one, as a teacher. */
  readonly usesNetwork?: boolean;
  evaluate(inputs: EvaluationInputs): Promise<Figures>;
}
