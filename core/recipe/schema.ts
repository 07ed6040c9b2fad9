/**
 * What a recipe's sections hold besides their plugins' options.
 *
 * @module
 */
import { z } from "zod";

const plugin = z.string().min(1);

/**
 * What numbers of recipes are at most. A number beyond them is a slip of the hand: no published run comes near, and what
 * follows from it (arrays, file names, a plan of steps) would fail long after the start, or be wrong.
 */
export const MOST = {
  /** Images of a step; the largest published batches have 32,768. */
  batch: 65_536,
  /** Of training; published runs have up to 1,600. The fixed views of an image take turns by epochs, so as many do. */
  epochs: 100_000,
  /** Of a rate, a weight of a loss, a length of a gradient: more is infinite in float32. */
  factor: 3.4e38,
  /** Steps between checkpoints, and of a run: a checkpoint's name has seven digits, and more if need be. */
  steps: 1e9,
  /** Entries of a list of numbers, or of names. */
  entries: 1000,
  /** Characters of a name. */
  name: 200,
  /** Small patches of an image; published runs have 10. */
  patches: 100,
} as const;

const epochs = z.int().positive().max(MOST.epochs);
const factor = z.number().positive().max(MOST.factor);

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
    /** `skip`: every image is looked at first, and those that do not decode are left out. */
    on_error: z.enum(["stop", "skip"]).default("stop"),
  }),
  augmenter: z.strictObject({ plugin }),
  teacher: z.strictObject({
    plugin,
    /** Present: each image has `views` fixed views, whose teacher embeddings are computed once. */
    cache: z.strictObject({
      views: epochs,
      /** Null: in memory, for this run alone. */
      dir: z.string().min(1).nullable().default(null),
      /** How embeddings are kept. */
      precision: z.enum(["fp16", "fp32"]).default("fp16"),
    }).nullable().default(null),
  }),
  student: z.strictObject({
    plugin,
    /** A file to begin from, or the folder of a run; null: from noise. */
    weights: z.string().min(1).nullable().default(null),
    /** Of that file; null: unchecked. */
    sha256: z.string().regex(/^[0-9a-fA-F]{64}$/, "Expected 64 hexadecimal digits").nullable().default(null),
    /** What stands before the network's names in the file, where it holds several; null: that is found. */
    below: z.string().max(300).nullable().default(null),
    /** True: entries of the file that the student has no place for are no error. */
    allow_unused: z.boolean().default(false),
  }),
  queue: z.strictObject({ plugin }),
  objective: z.strictObject({ plugin }),
} as const;

/** Names of the sections that hold a plugin. */
export type Section = keyof typeof SECTION_KEYS;

/** Keys of a plugin in a list, or of an evaluator. */
export const PLUGIN_KEYS = z.strictObject({ plugin });

/** Options that earlier versions had elsewhere: by kind of plugin, where each stands now. */
export const MOVED_OPTIONS: { readonly [kind: string]: Readonly<Record<string, string>> | undefined } = {
  objective: { bn_splits: "train.bn_splits" },
};

/** `train:`, whatever the optimizer. */
export const TRAIN = z.strictObject({
  /** Images that a step learns from. */
  batch_size: z.int().positive().max(MOST.batch),
  epochs,
  lr: factor,
  /** True: `lr` is meant for a batch of 256, and is scaled to the batch's size. */
  scale_lr: z.boolean().default(false),
  schedule: z.enum(["cosine", "constant", "steps"]).default("cosine"),
  /** `epoch`: the rate changes at epochs, as published; `step`: at every step. */
  schedule_by: z.enum(["epoch", "step"]).default("epoch"),
  warmup_epochs: z.number().min(0).max(MOST.epochs).default(0),
  optimizer: z.enum(["sgd", "lars", "adamw"]).default("sgd"),
  weight_decay: z.number().min(0).max(MOST.factor).default(1e-4),
  /** Of the projection head, where it is another than `lr`; it follows the same schedule. */
  head_lr: factor.nullable().default(null),
  /** Names of the student's modules and parameters, with `*` for any characters, that are left as they are. */
  freeze: z.array(z.string().min(1).max(MOST.name)).max(MOST.entries).default([]),
  /** The gradient of all weights together is shortened to this length if it is longer. */
  clip_grad_norm: factor.nullable().default(null),
  /** Parts that a step's batch is run in, one after the other, for want of memory. */
  accumulate: z.int().positive().max(MOST.batch).default(1),
  /** Parts of a pass whose batch norms are apart, as on devices of their own (MoCo, section 3.3). */
  bn_splits: z.int().positive().max(MOST.batch).default(1),
  /** True: each view is mixed with the same view of another image, for teacher and student alike. */
  mixup: z.boolean().default(false),
  /** Of the student's convolutions and what lies between them. */
  precision: z.enum(["fp32", "bf16", "auto"]).default("fp32"),
  /** Share of itself that an average of the weights keeps at each step; what is evaluated and written is that. */
  ema: z.number().gt(0).lt(1).nullable().default(null),
  /** Threads that make views; `auto`: one a core, eight at the most. */
  workers: z.union([z.literal("auto"), z.int().positive()]).default("auto"),
});

const momentum = z.number().min(0).lt(1).default(0.9);
/** `weights`: not biases, nor the scales and shifts of norms. */
const weight_decay_on = z.enum(["all", "weights"]).default("all");
const beta = z.number().min(0).lt(1);

/** What `train:` may say besides, by optimizer. */
export const OPTIMIZERS = {
  sgd: z.strictObject({ momentum, nesterov: z.boolean().default(false), weight_decay_on }),
  lars: z.strictObject({ momentum, trust_coefficient: factor.default(0.001) }),
  adamw: z.strictObject({
    betas: z.tuple([beta, beta]).default([0.9, 0.999]),
    epsilon: factor.default(1e-8),
    weight_decay_on,
  }),
};

/** What `train:` may say besides, by schedule. */
export const SCHEDULES = {
  cosine: z.strictObject({}),
  constant: z.strictObject({}),
  steps: z.strictObject({
    /** How many epochs there are before each drop of the rate. */
    drops: z.array(z.number().positive().max(MOST.epochs)).min(1).max(MOST.entries),
    /** What a drop leaves of it. */
    drop_factor: z.number().gt(0).lt(1).default(0.1),
  }),
};

/** All keys that only some schedules have. */
export const SCHEDULE_KEYS: readonly string[] = keysOf(SCHEDULES);

/** All keys that only some optimizers or schedules have. */
export const CHOICE_KEYS: ReadonlySet<string> = new Set([...keysOf(OPTIMIZERS), ...SCHEDULE_KEYS]);

function keysOf(choices: Record<string, z.ZodObject>): string[] {
  return Object.values(choices).flatMap(({ shape }) => Object.keys(shape));
}

/** A checked `train:`. */
export type TrainOptions =
  & Omit<z.output<typeof TRAIN>, "optimizer" | "schedule">
  & { [O in keyof typeof OPTIMIZERS]: z.output<(typeof OPTIMIZERS)[O]> & { optimizer: O } }[
    keyof typeof OPTIMIZERS
  ]
  & { [S in keyof typeof SCHEDULES]: z.output<(typeof SCHEDULES)[S]> & { schedule: S } }[
    keyof typeof SCHEDULES
  ];

/** The schema of a `train:` with this optimizer and schedule; of one that is not there: SGD's, or a cosine's. */
export function trainSchema(
  { optimizer, schedule }: { optimizer?: unknown; schedule?: unknown },
): z.ZodObject {
  return TRAIN.extend(choiceOf(OPTIMIZERS, optimizer, "sgd").shape)
    .extend(choiceOf(SCHEDULES, schedule, "cosine").shape);
}

function choiceOf(choices: Record<string, z.ZodObject>, name: unknown, usual: string): z.ZodObject {
  return choices[typeof name === "string" && Object.hasOwn(choices, name) ? name : usual];
}

/** `small_patches:`: a second stream of views, small ones. */
export const SMALL_PATCHES = z.strictObject({
  /** Patches of an image. */
  count: z.int().positive().max(MOST.patches).default(6),
  /** Of their loss, beside the views'. */
  weight: factor.default(1),
});

/** Keys beside an objective's own in a list of objectives. */
export const OBJECTIVE_TERM = z.strictObject({ plugin, weight: factor.default(1) });

/** `evaluate:` besides its evaluators. */
export const EVALUATE = z.strictObject({
  /** Null: before and after training only. */
  every_epochs: epochs.nullable().default(null),
});

/** `checkpoint:` */
export const CHECKPOINT = z.strictObject({
  /** Null: at the end of each epoch. */
  every_steps: z.int().positive().max(MOST.steps).nullable().default(null),
  /** How many of the newest are kept. */
  keep: z.int().positive().max(MOST.steps).default(3),
});

/** The top level. */
export const TOP_KEYS = [
  "version",
  "seed",
  "engine",
  "data",
  "augmenter",
  "small_patches",
  "teacher",
  "student",
  "queue",
  "objective",
  "train",
  "evaluate",
  "checkpoint",
  "loggers",
];
