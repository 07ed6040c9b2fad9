/**
 * Linear probe: the accuracy of a linear classifier on frozen backbone features. Features are standardised, and the
 * strength of regularisation is chosen on a part of the gallery that is held out for it, so that nothing has to be
 * tuned by hand and no query has a say. It takes minutes where MoCo's protocol (SGD with a rate of 30 for 100
 * epochs) takes hours.
 *
 * @module
 */
import {
  accuracy,
  byClass,
  classCount,
  definePlugin,
  dropsProblem,
  type EmbeddedSet,
  type Engine,
  type EvaluationInputs,
  type Evaluator,
  type Figures,
  labelsOf,
  type Matrix,
  ProgressLine,
  Random,
  RunError,
  z,
} from "@seed/core";
import {
  type FitOptions,
  type LabelledRows,
  type LinearClassifier,
  LogisticRegression,
  score,
} from "./logistic_regression.ts";
import { sgdProbe, type SgdProbeOptions } from "./sgd_probe.ts";
import { standardize } from "./standardize.ts";

/** Iterations that tell how good a strength is; each begins where the last, a stronger one, has ended. */
const COMPARING = 100;

interface LinearOptions {
  protocol: "logistic" | "sgd";
  l2: readonly number[];
  held_out: number;
  sgd: SgdProbeOptions;
}

class LinearEvaluator implements Evaluator {
  readonly name = "linear";

  constructor(
    private readonly engine: Engine,
    private readonly seed: number,
    private readonly options: LinearOptions,
    private readonly signal: AbortSignal,
  ) {}

  async evaluate({ subject: { gallery, queries }, report }: EvaluationInputs): Promise<Figures> {
    const labels = [gallery, queries].map(({ images }) => labelsOf(images, this.name)),
      matrices = [matrixOf(gallery), matrixOf(queries)] as const;
    const rows = this.options.protocol === "sgd" ? matrices : standardize(...matrices);
    const [training, test] = rows.map((matrix, i): LabelledRows => ({ ...matrix, labels: labels[i] }));
    const classes = classCount(...labels);
    const { classifier, protocol } = await this.#train(training, classes);
    const scored = await score(classifier, test);
    const classified = { ...scored, labels: test.labels, classes, classNames: queries.images.classNames };
    report?.({
      protocol,
      ...{ gallery: gallery.images.length, queries: queries.images.length, seed: this.seed },
      ...byClass(classified),
    });
    return accuracy(classified);
  }

  async #train(
    rows: LabelledRows,
    classes: number,
  ): Promise<{ classifier: LinearClassifier; protocol: string }> {
    if (this.options.protocol === "sgd") {
      const { sgd } = this.options, { lr, batch_size, epochs, drops } = sgd, { seed, signal } = this;
      const classifier = await sgdProbe(this.engine, rows, classes, { ...sgd, seed, signal });
      const protocol = `SGD on features of centre crops, lr ${lr}, batch ${batch_size}, ${epochs} epochs` +
        (drops.length ? `, a tenth after ${drops.join(" and ")}` : "");
      return { classifier, protocol };
    }
    // It ends when it has converged; nobody knows before when that is.
    using progress = new ProgressLine("Linear probe", { total: null, unit: "passes" });
    let passes = 0;
    const going = { onValue: () => progress.update(++passes), signal: this.signal };
    const strength = await this.#strength(rows, classes, going);
    const protocol = `logistic regression on standardised features, l2 ${strength}`;
    using regression = new LogisticRegression(this.engine, rows, classes);
    return { classifier: await regression.fit(strength, null, going), protocol };
  }

  /** Of the strengths, the one that classifies the held-out part best; of equal ones the strongest. */
  async #strength(rows: LabelledRows, classes: number, going: FitOptions): Promise<number> {
    const strengths = [...this.options.l2].sort((a, b) => b - a);
    if (strengths.length === 1) return strengths[0];
    const { kept, heldOut } = this.#split(rows.labels);
    const test = select(rows, heldOut);
    using regression = new LogisticRegression(this.engine, select(rows, kept), classes);
    let classifier: LinearClassifier | null = null, best = { strength: strengths[0], hits: -1 };
    for (const strength of strengths) {
      classifier = await regression.fit(strength, classifier, { ...going, maxIterations: COMPARING });
      const hits = (await score(classifier, test)).ranks.filter((rank) => rank === 0).length;
      if (hits > best.hits) best = { strength, hits };
    }
    return best.strength;
  }

  /** Holds out the same share of every class, at random by the seed; a class of one image is kept. */
  #split(labels: Int32Array): { kept: number[]; heldOut: number[] } {
    const kept: number[] = [], heldOut: number[] = [];
    const byClass = Map.groupBy(labels.keys(), (row) => labels[row]);
    for (const [label, rows] of byClass) {
      const order = new Random(this.seed, "linear probe", label).permutation(rows.length);
      const share = Math.floor(this.options.held_out * rows.length);
      rows.forEach((_, i) => (i < share ? heldOut : kept).push(rows[order[i]]));
    }
    if (heldOut.length) return { kept, heldOut };
    throw new RunError(
      `The evaluator linear cannot hold out ${this.options.held_out} of each class: the largest has ` +
        `${
          Math.max(...byClass.values().map((rows) => rows.length))
        } images; set evaluate.linear.l2 to a single strength`,
    );
  }
}

function matrixOf({ features: data, featureDim: dim }: EmbeddedSet): Matrix {
  return { data, dim };
}

function select({ data, dim, labels }: LabelledRows, rows: readonly number[]): LabelledRows {
  const selected = new Float32Array(rows.length * dim);
  rows.forEach((row, i) => selected.set(data.subarray(row * dim, (row + 1) * dim), i * dim));
  return { data: selected, dim, labels: Int32Array.from(rows, (row) => labels[row]) };
}

export default definePlugin({
  kind: "evaluator",
  name: "@seed/evaluator-linear",
  apiVersion: 1,
  about: {
    summary: "Class by logistic regression on standardised backbone features",
    source: "standardised as CompRess, NeurIPS 2020",
  },
  options: z.strictObject({
    /** `sgd`: MoCo's schedule on the features as they are. */
    protocol: z.enum(["logistic", "sgd"]).default("logistic"),
    /** Strengths of regularisation to choose from: l2 / 2 times the weights' squares is added to the mean loss. */
    l2: z.array(z.number().positive().max(1e6)).min(1).max(100).default([1, 0.1, 1e-2, 1e-3, 1e-4, 1e-5]),
    /** Share of every class of the gallery that the strength is chosen on; the last fit has all of it. */
    held_out: z.number().min(0.01).max(0.5).default(0.2),
    /** Of the protocol `sgd`. */
    sgd: z.strictObject({
      lr: z.number().positive().max(1e6).default(30),
      batch_size: z.int().positive().max(65_536).default(256),
      epochs: z.int().positive().max(100_000).default(100),
      drops: z.array(z.int().positive().max(100_000)).max(1000).default([60, 80]),
    }).prefault({}),
  }),
  check({ protocol, sgd }) {
    const message = protocol === "sgd" ? dropsProblem("evaluate.linear.sgd", sgd) : null;
    return message === null ? [] : [{ key: "sgd.drops", message }];
  },
  needs: () => ({ labels: true }),
  unread: ({ protocol, l2 }) => {
    const of = (protocol: string) => `it is of the protocol ${protocol}`;
    if (protocol === "sgd") {
      return [{ key: "l2", message: of("logistic") }, { key: "held_out", message: of("logistic") }];
    }
    const chosen = l2.length > 1 ? [] : [{ key: "held_out", message: "of one strength none is chosen" }];
    return [{ key: "sgd", message: of("sgd") }, ...chosen];
  },
  create: (options, { engine, seed, signal }) => new LinearEvaluator(engine, seed, options, signal),
});
