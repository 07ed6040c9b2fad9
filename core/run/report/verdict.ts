/**
 * What came out of a run, in sentences that anybody follows. The rules are in docs/report.md; what they are of is figures
 * alone, so that a test can ask about any.
 *
 * @module
 */

/** What is judged. */
export interface VerdictFigures {
  state: "finished" | "under way" | "interrupted";
  steps: number;
  /** Steps that the recipe asks for; null: it is not known. */
  plannedSteps: number | null;
  /** The figure that networks are compared by; null: nothing was evaluated. */
  figure: {
    /** For people: `kNN`. */
    name: string;
    /** Images that it is a share of; null: not recorded. */
    queries: number | null;
    teacher: number | null;
    beginning: number | null;
    /** The student's, ascending by step. */
    student: readonly { step: number; value: number }[];
  } | null;
  /** Whether the student makes the same of all images. */
  isCollapsed: boolean;
  /** A step each: the loss, and of it what no student can be below and what a guess has; null: not recorded. */
  losses: readonly { loss: number; floor: number | null; uniform: number | null; rate: number | null }[];
  /** Steps until the queue that began as noise is full of embeddings, which makes the loss rise; 0: there is none. */
  filledAfter: number;
  /** Share of the steps' time that they waited for views; null: not recorded. */
  waits: number | null;
}

/** The outcome in a sentence, and what else is to be known. */
export interface Verdict {
  headline: string;
  notes: string[];
  /** `ahead`: of its beginning. `open`: nobody knows. */
  tone: "ahead" | "level" | "behind" | "open";
}

/** Differences within so many standard errors are none. */
const CLEAR_ERRORS = 2;
/** What is clear where it is not recorded how many images a figure is of. */
const CLEAR_OTHERWISE = 0.01;
/** Fewer steps show no trend. */
const FEWEST_STEPS = 16;
/** A loss that changes by less of itself, from one quarter of the steps to the next, is flat. */
const FLAT = 0.005;
/** A rate below this share of the highest leaves nothing as it was to be moved. */
const LOW_RATE = 0.1;
/** Waits of a larger share of the time are worth a note. */
const LONG_WAITS = 0.1;

/** Judges a run. */
export function verdictOf(figures: VerdictFigures): Verdict {
  const { headline, tone } = headlineOf(figures);
  const notes = [bestNote(figures), ...lossNotes(figures), waitsNote(figures), endNote(figures)];
  return { headline, tone, notes: notes.filter((note) => note !== null) };
}

/** A difference of two shares that is clear with so many images, in 0..1. */
export function clearDifference(a: number, b: number, queries: number | null): number {
  if (queries === null || queries < 1) return CLEAR_OTHERWISE;
  const share = (a + b) / 2;
  // Two shares of as many images each; that the images are the same makes it a little too careful.
  return CLEAR_ERRORS * Math.sqrt(2 * share * (1 - share) / queries);
}

function headlineOf(figures: VerdictFigures): Pick<Verdict, "headline" | "tone"> {
  const { figure, isCollapsed, steps } = figures, last = figure?.student.at(-1);
  if (isCollapsed) {
    return {
      headline: "The student makes the same of all images: it is dead, or has collapsed",
      tone: "behind",
    };
  }
  if (steps === 0) return { headline: "Not trained yet", tone: "open" };
  if (!figure || !last) {
    return {
      headline: figures.state === "finished" && !figure
        ? "Whether the student is ahead of its beginning nobody knows: the recipe evaluates nothing"
        : "The student has not been evaluated yet",
      tone: "open",
    };
  }
  if (figure.beginning === null) {
    return {
      headline: `${capital(figure.name)} is ${percent(last.value)}; of its beginning nothing is recorded`,
      tone: "open",
    };
  }
  const ahead = last.value - figure.beginning;
  const clear = clearDifference(last.value, figure.beginning, figure.queries);
  if (Math.abs(ahead) <= clear) {
    return {
      headline: `Level with its beginning by ${figure.name}: the difference of ${points(ahead)} is within ` +
        `chance (${points(clear)})`,
      tone: "level",
    };
  }
  const tone = ahead > 0 ? "ahead" : "behind";
  return {
    headline:
      `${capital(tone)} ${tone === "ahead" ? "of" : ""} its beginning by ${
        points(Math.abs(ahead))
      } of ${figure.name}`.replace("  ", " ") + wayToTeacher(figure, last.value),
    tone,
  };
}

/** Where it stands between its beginning and its teacher. */
function wayToTeacher(
  { teacher, beginning, queries }: NonNullable<VerdictFigures["figure"]>,
  value: number,
): string {
  if (teacher === null || beginning === null) return "";
  const gap = teacher - beginning;
  if (gap <= clearDifference(teacher, beginning, queries)) {
    return "; the teacher is not ahead of that beginning itself";
  }
  const past = value - teacher;
  if (past > clearDifference(value, teacher, queries)) return `, past the teacher by ${points(past)}`;
  if (value <= beginning) return "";
  const way = `, ${percent((value - beginning) / gap, 0)} of the way to the teacher`;
  return past > -clearDifference(value, teacher, queries) ? `${way}: level with it within chance` : way;
}

/** An earlier student that was clearly better. */
function bestNote({ figure }: VerdictFigures): string | null {
  const last = figure?.student.at(-1);
  if (!figure || !last) return null;
  const best = figure.student.reduce((best, one) => one.value > best.value ? one : best);
  const lost = best.value - last.value;
  if (lost <= clearDifference(best.value, last.value, figure.queries)) return null;
  return `It was better after step ${best.step}, by ${
    points(lost)
  } of ${figure.name}: train shorter, or with a lower rate.`;
}

function lossNotes(figures: VerdictFigures): (string | null)[] {
  const losses = figures.losses.slice(figures.filledAfter);
  if (figures.losses.length === 0) return [];
  if (losses.length < FEWEST_STEPS) {
    return [
      figures.filledAfter > 0
        ? `Where the loss goes cannot be told before the queue is full, which is after ${figures.filledAfter} steps, and some more.`
        : `${losses.length} steps are too few to tell where the loss goes.`,
    ];
  }
  return [placeNote(losses), trendNote(losses, figures)];
}

/** How far the loss has come from a guess's to its floor. */
function placeNote(losses: VerdictFigures["losses"]): string | null {
  const quarter = lastQuarter(losses), loss = mean(quarter.map(({ loss }) => loss));
  const floor = meanOfAll(quarter.map(({ floor }) => floor));
  const uniform = meanOfAll(quarter.map(({ uniform }) => uniform));
  if (uniform === null || floor === null) {
    return floor === null ? null : `The loss is ${(loss - floor).toFixed(3)} above the least that it can be.`;
  }
  if (loss >= uniform) {
    return "The loss is no lower than a guess's: nothing was learnt of the teacher's distribution. " +
      "Look at the rate and the temperatures.";
  }
  const way = (uniform - loss) / (uniform - floor);
  return `The loss has come ${percent(way, 0)} of the way from a guess's, ${
    uniform.toFixed(2)
  }, to the least that ` +
    `it can be, ${floor.toFixed(2)}.`;
}

/** Whether it still falls: the last quarter of the steps beside the one before, above their floor where that is known. */
function trendNote(losses: VerdictFigures["losses"], { state }: Pick<VerdictFigures, "state">): string {
  const above = losses.map(({ loss, floor }) => loss - (floor ?? 0)), quarter = Math.floor(above.length / 4);
  const before = above.slice(-2 * quarter, -quarter), last = above.slice(-quarter);
  const fall = mean(before) - mean(last), share = fall / Math.abs(mean(before) || 1);
  const error = Math.sqrt(variance(before) / quarter + variance(last) / quarter);
  const isClear = Math.abs(fall) > CLEAR_ERRORS * error && Math.abs(share) > FLAT;
  const goesOn = state === "finished" ? "more epochs would help" : "it has not come to its end";
  if (isClear && fall > 0) {
    return `The loss still falls, by ${percent(share)} over the last quarter of the steps: ${goesOn}.`;
  }
  if (isClear) {
    return `The loss rises, by ${percent(-share)} over the last quarter of the steps: a lower rate may help.`;
  }
  const rates = losses.map(({ rate }) => rate ?? 0), highest = Math.max(...rates);
  return highest > 0 && mean(rates.slice(-quarter)) < LOW_RATE * highest
    ? "The loss is flat at the end, where the rate is close to 0: what a longer schedule would bring it does not tell."
    : "The loss is flat over the last quarter of the steps: more epochs of the same would change little.";
}

function waitsNote({ waits }: VerdictFigures): string | null {
  if (waits === null || waits <= LONG_WAITS) return null;
  return `Steps waited for pictures ${percent(waits, 0)} of their time: smaller files, ` +
    "augmenter.decode: reduced, or more train.workers would make it faster.";
}

function endNote({ state, steps, plannedSteps }: VerdictFigures): string | null {
  const of = plannedSteps === null ? "" : ` of ${plannedSteps}`;
  if (state === "under way") return `It is under way, at step ${steps}${of}.`;
  if (state === "interrupted") return `It ended after step ${steps}${of}; distill --resume goes on.`;
  if (plannedSteps === null || steps >= plannedSteps) return null;
  return `It was to end after step ${steps} of the ${plannedSteps} that its recipe asks for.`;
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

function points(difference: number): string {
  const shown = (100 * difference).toFixed(1);
  return `${shown} point${shown === "1.0" ? "" : "s"}`;
}

function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}

function capital(text: string): string {
  // A name such as kNN keeps its small letter.
  return /^[a-z][A-Z]/.test(text) ? text : text[0].toUpperCase() + text.slice(1);
}
