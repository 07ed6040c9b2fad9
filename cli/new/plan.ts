/**
 * Chooses what fits the time: sides, epochs, cache. Nothing is measured here; what was measured is given.
 *
 * @module
 */
import type { FolderLook } from "./folder/look.ts";
import { type Settings, TIMES_SHOWN } from "./settings.ts";

/** What steps took at some sides of views. */
export interface Pace {
  /** Sides in pixels of what student and teacher see. */
  readonly side: number;
  readonly teacherSide: number;
  /** Seconds of a step whose views the teacher sees, and of one whose embeddings are cached. */
  readonly fresh: number;
  readonly cached: number;
  /** Seconds before the second step: engine, weights, tracing. */
  readonly start: number;
}

/** What a run is for. */
export interface Task {
  readonly settings: Settings;
  readonly look: Pick<FolderLook, "train" | "evaluation" | "sample" | "images">;
  /** That the run may take. */
  readonly seconds: number;
  /** Side of the teacher's patches; 1: it has none. */
  readonly patch: number;
  /** Bytes of memory; null: unknown. */
  readonly memory: number | null;
  /** Width of the teacher's embedding. */
  readonly teacherDim: number;
  /** Whether the student begins from weights. */
  readonly begins: boolean;
}

/** A run that fits, if anything does. */
export interface Plan {
  readonly side: number;
  readonly teacherSide: number;
  readonly batch: number;
  readonly queue: number;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** Fixed views of an image; null: the teacher sees new ones each epoch. */
  readonly cacheViews: number | null;
  /** Null: before and after training alone. */
  readonly everyEpochs: number | null;
  readonly checkpointSteps: number;
  /** Whether every picture is read before training, and what cannot be is left out. */
  readonly skips: boolean;
  readonly decode: "exact" | "reduced";
  readonly seconds: { readonly steps: number; readonly evaluations: number; readonly before: number };
}

/** Sides of views, in pixels, the best first: all are whole numbers of a ViT-16's patches. */
export const SIDES = [224, 192, 160, 128, 96, 64] as const;

/** Share of the time that is kept for what goes slower than it was measured. */
const RESERVE = 0.1;
/** Share of the time that a teacher's larger views may take: 192 px taught no more than 128 (docs/results.md). */
const TEACHER_SHARE = 0.1;
/** Pixels that a teacher's views have at least, as in the recipes for CIFAR-10; fewer were not tried on photographs. */
const LEAST_TEACHER_SIDE = 128;
/** Of a step with cached embeddings: what the student's forward pass without gradient takes. */
const FORWARD_SHARE = 0.4;
/** Share of the time that evaluations during training may take, and how many there are at most. */
const INTERIM_SHARE = 0.08, INTERIM = 5;
/** Share of the time that reading all pictures before training may take. */
const READING_SHARE = 0.05;
/** Seconds between checkpoints. */
const CHECKPOINT_SECONDS = 120;
/** Share of the memory that the teacher's cache may take. */
const CACHE_SHARE = 0.15;
/** Pictures so many times as large as their views are worth decoding at a smaller size. */
const REDUCED_FROM = 3;

/** Images of a step: the setting's, or the largest power of two that leaves two steps an epoch. */
export function batchFor({ batch }: Settings, train: number): number {
  return Math.min(batch, 2 ** Math.floor(Math.log2(train / 2)));
}

/** Sides that views of these pictures may have, the best first: no larger than the next above the pictures' own. */
export function usefulSides({ look: { sample } }: Pick<Task, "look">): readonly number[] {
  const middle = sample.sides[sample.sides.length >> 1];
  return SIDES.filter((side, i) => side <= middle || SIDES[i + 1] === undefined || SIDES[i + 1] < middle);
}

/** The sides to try, the largest that pays first, at the pace that is reckoned for them. */
export function chooseSides(task: Task, measured: readonly Pace[]): { side: number; teacherSide: number } {
  const candidates = usefulSides(task).map((side) => {
    const teacherSide = teacherSideFor(task, side, measured), pace = paceAt(measured, { side, teacherSide });
    return { side, teacherSide, plan: planRun(task, pace) };
  });
  const { side, teacherSide } = candidates.find(({ plan }) => pays(task, plan)) ?? candidates.at(-1)!;
  return { side, teacherSide };
}

/** Whether a run ends in its time and shows as many views as it should. */
function pays(task: Task, plan: Plan): boolean {
  const { settings: { viewsWanted, mostEpochs }, look: { train } } = task;
  return plan.epochs * train >= Math.min(viewsWanted, mostEpochs * train) && fits(task, plan);
}

/** Which of several paces that were measured is taken: the last that pays, or that with which most views are seen. */
export function bestOf(task: Task, paces: readonly Pace[]): number {
  const plans = paces.map((pace) => planRun(task, pace)),
    last = plans.findLastIndex((plan) => pays(task, plan));
  if (last >= 0) return last;
  const fitting = plans.map((plan) => fits(task, plan) ? plan.epochs : -secondsOf(plan));
  return fitting.indexOf(Math.max(...fitting));
}

/** The whole run's seconds. */
export function secondsOf({ seconds: { steps, evaluations, before } }: Pick<Plan, "seconds">): number {
  return steps + evaluations + before;
}

/** Whether it ends within its time. */
export function fits({ seconds }: Pick<Task, "seconds">, plan: Plan): boolean {
  return secondsOf(plan) <= seconds;
}

/** As many epochs as there is time for, at a pace. */
export function planRun(task: Task, pace: Pace): Plan {
  const { settings, look, seconds } = task, { train, evaluation, sample } = look;
  const batch = batchFor(settings, train), stepsPerEpoch = Math.floor(train / batch);
  const skips = wantsSkipping(task), before = pace.start + (skips ? sample.secondsEach * look.images : 0);
  const student = FORWARD_SHARE * pace.cached / batch, teacher = (pace.fresh - pace.cached) / batch;
  const evaluated = evaluation ? evaluation.gallery + evaluation.queries : 0;
  // The student before training and after it; one that begins from weights as noise, too.
  const evaluations = evaluated * ((task.begins ? 3 : 2) * student + teacher);
  const left = (1 - RESERVE) * seconds - before - evaluations;
  const cost = stepsCost(task, stepsPerEpoch, pace);
  let epochs = 1;
  while (epochs < settings.mostEpochs && cost(epochs + 1) <= left) epochs++;
  const taught = taughtEpochs(task, epochs), cacheViews = taught < epochs ? taught : null;
  const interim = Math.min(INTERIM, epochs) - 1;
  const affordable = evaluated * student * interim <= INTERIM_SHARE * seconds;
  const everyEpochs = evaluated && interim > 0 && affordable ? Math.ceil(epochs / (interim + 1)) : null;
  const more = everyEpochs === null ? 0 : (Math.ceil(epochs / everyEpochs) - 1) * evaluated * student;
  const steps = cost(epochs);
  return {
    ...{
      side: pace.side,
      teacherSide: pace.teacherSide,
      batch,
      epochs,
      stepsPerEpoch,
      cacheViews,
      everyEpochs,
      skips,
    },
    queue: queueFor(settings, batch, train),
    checkpointSteps: Math.max(1, Math.round(CHECKPOINT_SECONDS / (steps / (epochs * stepsPerEpoch)))),
    decode: sample.sides[sample.sides.length >> 1] >= REDUCED_FROM * pace.teacherSide ? "reduced" : "exact",
    seconds: { steps, evaluations: evaluations + more, before },
  };
}

/**
 * The pace to reckon with at other sides. Student's and teacher's parts of a step are each something fixed, and
 * something that grows with the area of the views.
 *
 * @param measured At least one; of one alone nothing is known to be fixed, which errs upwards.
 */
export function paceAt(
  measured: readonly Pace[],
  { side, teacherSide }: Pick<Pace, "side" | "teacherSide">,
): Pace {
  const student = costAt(side ** 2, measured.map((pace) => [pace.side ** 2, pace.cached]));
  const teacher = costAt(
    teacherSide ** 2,
    measured.map((pace) => [pace.teacherSide ** 2, pace.fresh - pace.cached]),
  );
  const start = Math.max(...measured.map((pace) => pace.start));
  return { side, teacherSide, fresh: student + teacher, cached: student, start };
}

/**
 * Seconds at an area, by the line of least squares through what was measured; by one through nothing where that would
 * fall, or begin below nothing: other programs were at work then.
 */
function costAt(area: number, measured: readonly (readonly [area: number, seconds: number])[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const middle = mean(measured.map(([x]) => x)), level = mean(measured.map(([, y]) => y));
  const spread = mean(measured.map(([x]) => (x - middle) ** 2));
  const slope = mean(measured.map(([x, y]) => (x - middle) * (y - level))) / spread; // NaN: all at one area
  const fixed = level - slope * middle;
  if (slope >= 0 && fixed >= 0) return fixed + slope * area;
  return area * mean(measured.map(([x, y]) => x * y)) / mean(measured.map(([x]) => x * x));
}

/** Seconds of so many epochs' steps. */
function stepsCost(task: Task, stepsPerEpoch: number, { fresh, cached }: Pace) {
  return (epochs: number) => {
    const taught = taughtEpochs(task, epochs);
    return stepsPerEpoch * (taught * fresh + (epochs - taught) * cached);
  };
}

/** The teacher sees more than the student, as far as that costs little: its views are what is learnt. */
function teacherSideFor(task: Task, side: number, measured: readonly Pace[]): number {
  const { settings: { viewsWanted, mostEpochs }, look: { train }, seconds, patch } = task;
  const batch = batchFor(task.settings, train), epochs = Math.min(mostEpochs, Math.ceil(viewsWanted / train));
  const taught = taughtEpochs(task, epochs);
  const least = onPatches(Math.max(side, LEAST_TEACHER_SIDE), patch);
  const larger = SIDES.map((one) => onPatches(one, patch)).filter((one) => one > least);
  const cost = (teacherSide: number) => {
    const { fresh, cached } = paceAt(measured, { side, teacherSide });
    return (fresh - cached) * train / batch * taught;
  };
  return larger.find((one) => cost(one) <= TEACHER_SHARE * seconds) ?? least;
}

/** A side, or the next above it, that a teacher's patches fill. */
export function onPatches(side: number, patch: number): number {
  return Math.ceil(side / patch) * patch;
}

/** Epochs whose views the teacher sees, of so many: all, where memory has no room for the embeddings of fixed ones. */
function taughtEpochs(
  task: Task,
  epochs: number,
): number {
  const { settings: { cacheViews }, memory } = task;
  const room = memory === null ? Infinity : Math.floor(CACHE_SHARE * memory / cacheBytes(task, 1));
  if (room < cacheViews) return epochs;
  return Math.min(epochs, room, Math.max(cacheViews, Math.ceil(epochs / TIMES_SHOWN)));
}

/** What so many fixed views of each picture take in the teacher's cache: float16 embeddings. */
export function cacheBytes(
  { look: { train }, teacherDim }: Pick<Task, "look" | "teacherDim">,
  views: number,
): number {
  return views * train * teacherDim * 2;
}

/** Every picture is read first where some are broken, or where it costs next to nothing to be sure. */
function wantsSkipping({ look: { images, sample }, seconds }: Task): boolean {
  const left = (images - sample.looked) * sample.secondsEach;
  return sample.broken.length > 0 || left > 0 && left <= READING_SHARE * seconds;
}

/** Whole batches, of at most two epochs: older rows are of a student's beginning, and some are of noise. */
function queueFor({ queue }: Settings, batch: number, train: number): number {
  return Math.max(1, Math.floor(Math.min(queue, 2 * train) / batch)) * batch;
}
