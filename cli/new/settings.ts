/**
 * What `new` writes by how many images there are to train on. All that was found by trying stands here, and nowhere
 * else; what a run can do on this machine in the time it has is reckoned in `plan.ts`.
 *
 * @module
 */

/** Settings for folders of a size. */
export interface Settings {
  /** Images to train on, at most. */
  readonly upTo: number;
  /** Images of a step. */
  readonly batch: number;
  /** Embeddings of past batches that the queue holds. */
  readonly queue: number;
  /** Learning rate at its highest. */
  readonly lr: number;
  /** Share of the run in which the rate rises. */
  readonly warmup: number;
  /** Width of the projection head's hidden layer; null: the head is one linear layer. */
  readonly headHidden: number | null;
  readonly studentTemperature: number;
  readonly teacherTemperature: number;
  /** Shares of a picture's area that a crop takes. */
  readonly scale: readonly [number, number];
  /** How far colours change at most: brightness, contrast, saturation, in turn hue. */
  readonly jitter: { readonly color: number; readonly hue: number; readonly probability: number };
  /** Chance that a view is blurred. */
  readonly blur: number;
  /** Views that a run is to show before larger ones are worth their time. */
  readonly viewsWanted: number;
  /** Epochs beyond which more did not help. */
  readonly mostEpochs: number;
  /** Fixed views of an image that the teacher sees once each, at least, where there are more epochs than that. */
  readonly cacheViews: number;
  /** What such a run gave, with its data; null: it was not measured yet. */
  readonly expect: string | null;
}

/** The demo's with wider crops; on photographs other rates, batches and temperatures did not help (docs/results.md). */
const DEMO = {
  batch: 32,
  queue: 1024,
  lr: 0.06,
  warmup: 0.05,
  headHidden: null,
  studentTemperature: 0.04,
  teacherTemperature: 0.04,
  scale: [0.5, 1],
  jitter: { color: 0.2, hue: 0.02, probability: 0.5 },
  blur: 0.1,
  expect: null,
} as const;

/** From noise, twice the views of photographs gave ten points; a student of emoji gained more by larger ones. */
const VIEWS_WANTED = { fromNoise: 80_000, begun: 40_000 };

/**
 * How often a fixed view is shown: with 8 of them in 28 epochs photographs gave as much as with new ones in each, with
 * four shown twelve times each a student knew them by heart (docs/results.md).
 */
export const TIMES_SHOWN = 4;

const FEW =
  "240 photographs of 12 kinds: kNN, of 60 others, 30 to 68 % from noise; from the demo's 63 to 68 %, " +
  "which chance may be (docs/results.md)";
const CALTECH = "3,500 photographs of 101 kinds: kNN 10 to 44 % from noise in 14 minutes, teacher 86 % " +
  "(docs/results.md)";
const CIFAR =
  "50,000 pictures of 10 kinds, CIFAR-10: kNN 24 to 53 % from noise in two epochs, teacher 73 % " +
  "(docs/results.md)";

type Row = Omit<Settings, "viewsWanted">;

/** By ascending size; the last is for all that are larger. */
const ROWS: readonly [Row, ...Row[]] = [
  { ...DEMO, upTo: 1000, queue: 256, mostEpochs: 200, cacheViews: 8, expect: FEW },
  { ...DEMO, upTo: 10_000, mostEpochs: 200, cacheViews: 4, expect: CALTECH },
  { ...DEMO, upTo: 100_000, queue: 4096, mostEpochs: 100, cacheViews: 2, expect: CIFAR },
  { ...DEMO, upTo: Infinity, queue: 16_384, mostEpochs: 100, cacheViews: 2 },
];

/**
 * The settings for so many images to train on.
 *
 * @param begun Whether the student begins from weights.
 */
export function settingsFor(images: number, begun: boolean): Settings {
  const row = ROWS.find(({ upTo }) => images <= upTo) ?? ROWS.at(-1)!;
  return { ...row, viewsWanted: begun ? VIEWS_WANTED.begun : VIEWS_WANTED.fromNoise };
}

/** Who teaches and who learns, where nobody says. The teacher's weights are fetched by its plugin. */
export const DEFAULT_TEACHER = "@seed/teacher-efficientnet-lite", DEFAULT_STUDENT = "mobilenet_v3_small";

/**
 * The run that a student begins from, where it is there and has the same network: three minutes of emoji are worth more
 * to a student of photographs than as long with the photographs (docs/results.md).
 */
export const USUAL_BEGINNING = "runs/demo";

/** How long a run is to take, where nobody says. */
export const DEFAULT_TIME = "20m";

/** Share of the images of each class that a folder without `val/` holds out for evaluations, and at most so many. */
export const HELD_OUT = 0.2, MOST_HELD_OUT = 2000;

/** Images that evaluations search in, at most: embedding them takes as long as training on a third as many. */
export const MOST_GALLERY = 5000;
