/**
 * Semi-supervised learning: the whole network is fine-tuned with the labels of a small share of the gallery's images,
 * one or ten in a hundred, and classifies the queries. Rates and schedule are SwAV's (Caron et al., NeurIPS 2020,
 * table 2); views are random crops and flips.
 *
 * @module
 */
import {
  accuracy,
  type AugmenterReference,
  byClass,
  classCount,
  classifyScores,
  definePlugin,
  dropsProblem,
  embedImages,
  type Engine,
  type EvaluationInputs,
  type Evaluator,
  type Figures,
  type ImageSet,
  labelsOf,
  RunError,
  type tf,
  type TrainableNetwork,
  type ViewMaker,
  z,
} from "@seed/core";
import mocoV2 from "@seed/augmenter-moco-v2";
import { FineTuned, type FineTuneOptions } from "./fine_tune.ts";
import { listed, stratified } from "./split.ts";

/** Which labels are known, and the rates for so many. */
interface Split extends Pick<FineTuneOptions, "lr" | "head_lr"> {
  labels: number;
  list: string | null;
}

interface SemiOptions extends Omit<FineTuneOptions, "lr" | "head_lr"> {
  splits: readonly Split[];
}

class SemiEvaluator implements Evaluator {
  readonly name = "semi";
  readonly usesNetwork = true;

  constructor(
    private readonly options: SemiOptions,
    private readonly context: {
      engine: Engine;
      seed: number;
      signal: AbortSignal;
      resolve(path: string): string;
    },
  ) {}

  async evaluate({ subject, network, views, report }: EvaluationInputs): Promise<Figures> {
    const { gallery: { images: gallery }, queries: { images: queries } } = subject, figures: Figures = {};
    const { epochs, drops } = this.options;
    if (!network) throw new RunError("The evaluator semi trains a network further: it needs a run's student");
    if (!views) throw new RunError("The evaluator semi trains on views: it needs what makes them");
    const labels = [gallery, queries].map((images) => labelsOf(images, this.name)),
      classes = classCount(...labels);
    for (const [i, split] of this.options.splits.entries()) {
      const rows = split.list === null
        ? stratified(labels[0], split.labels, this.context.seed)
        : await listed(gallery, this.context.resolve(split.list));
      const ranked = await this.#classify(network, views, { gallery, queries, rows, labels, classes, split });
      const classified = { ...ranked, labels: labels[1], classes, classNames: queries.classNames };
      const share = percentOf(split.labels).replace(".", "_");
      for (const [name, value] of Object.entries(accuracy(classified))) {
        figures[`${name}_${share}_percent`] = value;
      }
      if (i === 0) {
        report?.({
          protocol:
            `fine-tuned with ${rows.length} labels, ${epochs} epochs, lr ${split.lr} and ${split.head_lr} for ` +
            `the classifier${drops.length ? `, a fifth after ${drops.join(" and ")}` : ""}`,
          ...{ gallery: rows.length, queries: queries.length, seed: this.context.seed },
          ...byClass(classified),
        });
      }
    }
    return figures;
  }

  async #classify(
    network: TrainableNetwork,
    views: ViewMaker,
    given: {
      gallery: ImageSet;
      queries: ImageSet;
      rows: readonly number[];
      labels: readonly Int32Array[];
      classes: number;
      split: Split;
    },
  ): Promise<{ ranks: Int32Array; predicted: Int32Array }> {
    const { engine, seed, signal } = this.context, { gallery, queries, rows, labels, classes, split } = given;
    using student = await network.copy();
    using tuned = new FineTuned(student, classes, seed);
    const images = rows.map((row) => ({ image: gallery.image(row), label: labels[0][row] }));
    const { lr, head_lr } = split, { size } = network;
    await tuned.train({ engine, views, signal }, images, { ...this.options, lr, head_lr, size, seed });
    using forward = engine.trace((pixels) => [tuned.scores(pixels as tf.Tensor4D, false)], {
      name: "fine-tuned",
    });
    const { features: scores } = await embedImages(
      queries,
      async (pixels) => await forward.call(pixels) as tf.Tensor2D[],
      {
        network: "the fine-tuned network",
        engine,
        pipeline: views,
        batchSize: Math.min(64, queries.length),
        size,
        signal,
      },
    );
    return classifyScores(scores, labels[1], classes);
  }
}

/** What figures are called by. */
function percentOf(share: number): string {
  return `${+(100 * share).toPrecision(3)}`;
}

/** Crops and flips alone. */
const CROPS: AugmenterReference = {
  plugin: mocoV2,
  module: import.meta.resolve("@seed/augmenter-moco-v2"),
  options: { scale: [0.08, 1], jitter: { probability: 0 }, grayscale: 0, blur: { probability: 0 } },
};

/** SwAV's rates: for one and for ten in a hundred; shares below are nearer to the first. */
const FEW = { lr: 0.02, head_lr: 5 }, MORE = { lr: 0.01, head_lr: 0.2 }, FEW_BELOW = 0.03;

const split = z.strictObject({
  /** Share of each class whose labels are known. */
  labels: z.number().gt(0).max(1),
  /** A file that names the images whose labels are known, instead. */
  list: z.string().nullable().default(null),
  /** Rates of the backbone and of the classifier; default: SwAV's for so many labels. */
  lr: z.number().positive().max(1e6).optional(),
  head_lr: z.number().positive().max(1e6).optional(),
}).transform(({ labels, list, lr, head_lr }): Split => {
  const usual = labels < FEW_BELOW ? FEW : MORE;
  return { labels, list, lr: lr ?? usual.lr, head_lr: head_lr ?? usual.head_lr };
});

export default definePlugin({
  kind: "evaluator",
  name: "@seed/evaluator-semi",
  apiVersion: 1,
  about: {
    summary: "Class after fine-tuning with a small share of the labels",
    source: "Caron et al., NeurIPS 2020, table 2",
  },
  options: z.strictObject({
    splits: z.array(split).min(1).max(100).superRefine((splits, { addIssue }) => {
      const shares = splits.map(({ labels }) => percentOf(labels));
      const twice = shares.find((share, i) => shares.indexOf(share) < i);
      if (twice === undefined) return;
      addIssue({
        code: "custom",
        message: `Two splits have the share ${twice} %: their figures would have one name`,
      });
    }).prefault([{ labels: 0.01 }, { labels: 0.1 }]),
    epochs: z.int().positive().max(100_000).default(20),
    batch_size: z.int().positive().max(65_536).default(256),
    /** Epochs after which both rates are a fifth. */
    drops: z.array(z.int().positive().max(100_000)).max(1000).default([12, 16]),
  }),
  check(options) {
    const message = dropsProblem("evaluate.semi", options);
    return message === null ? [] : [{ key: "drops", message }];
  },
  needs: () => ({ labels: true, augmenters: { crops: CROPS } }),
  create: (options, { engine, seed, signal, resolve }) =>
    new SemiEvaluator(options, { engine, seed, signal, resolve }),
});
