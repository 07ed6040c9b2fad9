/**
 * What a recipe's sections hold besides their plugins' options.
 *
 * @module
 */
import { z } from "zod";

const plugin = z.string().min(1);

/** Keys beside a plugin's own, by section. */
export const SECTION_KEYS = {
  engine: z.strictObject({
    plugin,
    /** `gpu` without one is an error, never a silent run on the processor. */
    device: z.enum(["auto", "cpu", "gpu"]).default("auto"),
    /** False: operation by operation, for debugging. */
    trace: z.boolean().default(true),
  }),
  data: z.strictObject({
    plugin,
    /** False: every epoch in the order of the listing. */
    shuffle: z.boolean().default(true),
  }),
  augmenter: z.strictObject({ plugin }),
  teacher: z.strictObject({
    plugin,
    /** Present: each image has `views` fixed views, whose teacher embeddings are computed once. */
    cache: z.strictObject({
      views: z.int().positive(),
      dir: z.null({ error: "Expected null: caches on disk are not there yet, embeddings are kept in memory" })
        .default(null),
    }).nullable().default(null),
  }),
  student: z.strictObject({ plugin }),
  queue: z.strictObject({ plugin }),
  objective: z.strictObject({ plugin }),
} as const;

/** Names of the sections that hold a plugin. */
export type Section = keyof typeof SECTION_KEYS;

/** Keys of a plugin in a list, or of an evaluator. */
export const PLUGIN_KEYS = z.strictObject({ plugin });

/** `train:` */
export const TRAIN = z.strictObject({
  batch_size: z.int().positive(),
  epochs: z.int().positive(),
  lr: z.number().positive(),
  momentum: z.number().min(0).lt(1).default(0.9),
  weight_decay: z.number().min(0).default(1e-4),
  schedule: z.enum(["cosine", "constant"]).default("cosine"),
  /** `epoch`: the rate changes at epochs, as published; `step`: at every step. */
  schedule_by: z.enum(["epoch", "step"]).default("epoch"),
  warmup_epochs: z.number().min(0).default(0),
  /** Threads that make views; `auto`: one a core, eight at the most. */
  workers: z.union([z.literal("auto"), z.int().positive()]).default("auto"),
});

/** `evaluate:` besides its evaluators. */
export const EVALUATE = z.strictObject({
  /** Null: before and after training only. */
  every_epochs: z.int().positive().nullable().default(null),
});

/** `checkpoint:` */
export const CHECKPOINT = z.strictObject({
  /** Null: at the end of each epoch. */
  every_steps: z.int().positive().nullable().default(null),
  /** How many of the newest are kept. */
  keep: z.int().positive().default(3),
});

/** The top level. */
export const TOP_KEYS = [
  "version",
  "seed",
  "engine",
  "data",
  "augmenter",
  "teacher",
  "student",
  "queue",
  "objective",
  "train",
  "evaluate",
  "checkpoint",
  "loggers",
];
