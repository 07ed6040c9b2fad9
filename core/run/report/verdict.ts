/**
 * What came out of a run, in sentences that anybody follows. The rules are in docs/report.md; what they are of is figures
 * alone, so that a test can ask about any.
 *
 * @module
 */

import { lossNotes } from "./loss_notes.ts";
import { capital, percent, points } from "./phrases.ts";
import { bestOf, CLEAR_ERRORS, endsBeforePlan, type VerdictFigures } from "./verdict_figures.ts";

/** The outcome in a sentence, and what else is to be known. */
export interface Verdict {
  headline: string;
  notes: string[];
  /** `ahead`: of its beginning. `open`: nobody knows. */
  tone: "ahead" | "level" | "behind" | "open";
}

/** What is clear where it is not recorded how many images a figure is of. */
const CLEAR_OTHERWISE = 0.01;
/** Waits of a larger share of the time are worth a note. */
const LONG_WAITS = 0.1;

/** Judges a run. */
export function verdictOf(figures: VerdictFigures): Verdict {
  const { headline, tone } = headlineOf(figures);
  const notes = [
    bestNote(figures),
    ...othersNotes(figures),
    ...lossNotes(figures),
    waitsNote(figures),
    endNote(figures),
  ];
  return { headline, tone, notes: notes.filter((note) => note !== null) };
}

/** All of it, a sentence each. */
export function sentencesOf({ headline, notes }: Pick<Verdict, "headline" | "notes">): string[] {
  return [`${headline}.`, ...notes];
}

/** A difference of two shares that is clear with so many images, in 0..1. */
export function clearDifference(a: number, b: number, queries: number | null): number {
  if (queries === null || queries < 1) return CLEAR_OTHERWISE;
  const share = (a + b) / 2;
  // Two shares of as many images each; that the images are the same makes it a little too careful.
  return CLEAR_ERRORS * Math.sqrt(2 * share * (1 - share) / queries);
}

/** By how much a student is ahead of its beginning, or behind it; null where that is within chance. */
export function clearLead(value: number, beginning: number, queries: number | null): number | null {
  const lead = value - beginning;
  return Math.abs(lead) <= clearDifference(value, beginning, queries) ? null : lead;
}

/** By how much the teacher is ahead of the student's beginning; null where it is not, or within chance. */
export function clearGap(teacher: number, beginning: number, queries: number | null): number | null {
  const gap = teacher - beginning;
  return gap <= clearDifference(teacher, beginning, queries) ? null : gap;
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
  const { beginning, queries } = figure, ahead = clearLead(last.value, beginning, queries);
  if (ahead === null) {
    const difference = points(last.value - beginning),
      chance = clearDifference(last.value, beginning, queries);
    return {
      headline: `Level with its beginning by ${figure.name}: the difference of ${difference} is within ` +
        `chance (${points(chance)})`,
      tone: "level",
    };
  }
  const where = ahead > 0 ? "Ahead of" : "Behind", by = `${points(Math.abs(ahead))} of ${figure.name}`;
  return {
    headline: `${where} its beginning by ${by}${wayToTeacher(figure, last.value)}`,
    tone: ahead > 0 ? "ahead" : "behind",
  };
}

/** Where it stands between its beginning and its teacher. */
function wayToTeacher(
  { teacher, beginning, queries }: NonNullable<VerdictFigures["figure"]>,
  value: number,
): string {
  if (teacher === null || beginning === null) return "";
  const gap = clearGap(teacher, beginning, queries);
  if (gap === null) {
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
  const last = figure?.student.at(-1), best = bestOf(figure?.student ?? []);
  if (!figure || !last || !best) return null;
  const lost = best.value - last.value;
  if (lost <= clearDifference(best.value, last.value, figure.queries)) return null;
  return `It was better after step ${best.step}, by ${
    points(lost)
  } of ${figure.name}: train shorter, or with a lower rate.`;
}

/** A figure that went the other way is not passed over. */
function othersNotes({ figure, others, isCollapsed }: VerdictFigures): string[] {
  const last = figure?.student.at(-1);
  if (isCollapsed || !figure || !last || figure.beginning === null || last.value <= figure.beginning) {
    return [];
  }
  return others.flatMap(({ name, queries, beginning, student }) =>
    beginning - student > clearDifference(beginning, student, queries)
      ? [`But it is behind its beginning by ${points(beginning - student)} of ${name}.`]
      : []
  );
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
  if (!endsBeforePlan({ steps, plannedSteps })) return null;
  return `It was to end after step ${steps} of the ${plannedSteps} that its recipe asks for.`;
}
