/**
 * What a verdict says of the loss: how far it has come, and whether it still falls.
 *
 * @module
 */
import { percent } from "./phrases.ts";
import { bestOf, CLEAR_ERRORS, endsBeforePlan, type VerdictFigures } from "./verdict_figures.ts";

/** Fewer steps show no trend. */
const FEWEST_STEPS = 32;
/** A loss that changes by less of itself, from one quarter of the steps to the next, is flat. */
const FLAT = 0.005;
/** A rate below this share of the highest leaves nothing as it was to be moved. */
const LOW_RATE = 0.1;
/** Fixed views that are shown so many times each are learnt by heart: kNN stays while the loss falls (docs/results.md). */
const OFTEN = 8;

/** Sentences about the loss; null: one that is left out. */
export function lossNotes(figures: VerdictFigures): (string | null)[] {
  const losses = figures.losses.slice(figures.filledAfter);
  if (figures.losses.length === 0) return [];
  if (losses.length < FEWEST_STEPS) {
    return [
      figures.filledAfter > 0
        ? `Where the loss goes cannot be told before the queue is full, which is after ${figures.filledAfter} steps, and some more.`
        : `${losses.length} steps are too few to tell where the loss goes.`,
    ];
  }
  return [placeNote(losses, figures), trendNote(losses, figures)];
}

/** How far the loss has come from a guess's to its floor. */
function placeNote(losses: VerdictFigures["losses"], { isTaught }: VerdictFigures): string | null {
  const quarter = lastQuarter(losses), loss = mean(quarter.map(({ loss }) => loss));
  const floor = meanOfAll(quarter.map(({ floor }) => floor));
  const uniform = meanOfAll(quarter.map(({ uniform }) => uniform));
  if (uniform === null || floor === null) {
    return floor === null ? null : `The loss is ${(loss - floor).toFixed(3)} above the least that it can be.`;
  }
  if (loss >= uniform) {
    const of = isTaught ? " of the teacher's distribution" : "";
    return `The loss is no lower than a guess's: nothing was learnt${of}. Look at the rate and the temperatures.`;
  }
  const way = (uniform - loss) / (uniform - floor);
  return `The loss has come ${percent(way, 0)} of the way from a guess's, ${
    uniform.toFixed(2)
  }, to the least that ` +
    `it can be, ${floor.toFixed(2)}.`;
}

/** Whether it still falls: the last quarter of the steps beside the one before, above their floor where that is known. */
function trendNote(losses: VerdictFigures["losses"], figures: VerdictFigures): string {
  const above = losses.map(({ loss, floor }) => loss - (floor ?? 0)), quarter = Math.floor(above.length / 4);
  const before = above.slice(-2 * quarter, -quarter), last = above.slice(-quarter);
  const fall = mean(before) - mean(last), share = fall / Math.abs(mean(before) || 1);
  const error = Math.sqrt(variance(before) / quarter + variance(last) / quarter);
  const isWhole = figures.state === "finished" && !endsBeforePlan(figures);
  if (Math.abs(fall) <= CLEAR_ERRORS * error || Math.abs(share) <= FLAT) return flatNote(losses, isWhole);
  if (fall > 0) {
    return `The loss still falls, by ${percent(share)} over the last quarter of the steps${
      isWhole ? whatHelps(figures) : ""
    }.`;
  }
  const rises = `The loss rises, by ${percent(-share)} over the last quarter of the steps`;
  return figures.isTaught
    ? `${rises}: a lower rate may help.`
    : `${rises}. Where a student makes its own targets, as by MoCo, that says little: they change with it.`;
}

/** A loss also falls since the pictures are known by heart: then a figure of others stays, or the views were shown often. */
function whatHelps({ fixedViews, figure, steps }: VerdictFigures): string {
  const stands = figure && bestBefore(figure.student, steps);
  if (stands) {
    const others = `${figure.name}, of pictures that it does not train on,`;
    const views = fixedViews === null ? "" : ", or more views of each (teacher.cache.views),";
    return `, but ${others} has not risen since step ${stands.step}: more pictures${views} may help more than more epochs`;
  }
  if (fixedViews === null || fixedViews.times < OFTEN) return ": more epochs would help";
  return `, but on the same ${fixedViews.views} views of each picture, ${
    fixedViews.times.toFixed(0)
  } times each: ` +
    "more views (teacher.cache.views) may help more than more epochs";
}

/** The best student that is a quarter of the run older than the last, if it is no worse. */
function bestBefore(students: NonNullable<VerdictFigures["figure"]>["student"], steps: number) {
  const last = students.at(-1), best = bestOf(students.filter(({ step }) => step <= last!.step - steps / 4));
  return best && best.value >= last!.value ? best : null;
}

/** A loss that stays says something if the rate was there to move it. */
function flatNote(losses: VerdictFigures["losses"], isWhole: boolean): string {
  const rates = losses.map(({ rate }) => rate ?? 0), highest = rates.reduce((a, b) => Math.max(a, b), 0);
  if (highest > 0 && mean(lastQuarter(rates)) < LOW_RATE * highest) {
    return "The loss is flat at the end, where the rate is close to 0: what a longer schedule would bring it does not tell.";
  }
  return `The loss is flat over the last quarter of the steps${
    isWhole ? ": more epochs of the same would change little" : ""
  }.`;
}

function lastQuarter<T>(values: readonly T[]): readonly T[] {
  return values.slice(-Math.floor(values.length / 4));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Null if one is. */
function meanOfAll(values: readonly (number | null)[]): number | null {
  return values.some((value) => value === null) ? null : mean(values as number[]);
}

function variance(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / Math.max(1, values.length - 1);
}
