import { html, type Markup } from "../../text/markup.ts";
import { costOf, timeText } from "./cost.ts";
import { count, facts, percent, unbroken } from "./parts.ts";
import type { RunContent } from "./run_content.ts";
import {
  beginningOf,
  type FigureCourse,
  figureCourses,
  figureName,
  mainFigure,
  stepsOf,
  teacherOf,
  verdictFigures,
} from "./run_figures.ts";
import { verdictOf } from "./verdict.ts";

/** The verdict, and the few figures that it is of. */
export function headline(run: RunContent): Markup {
  const { headline, notes, tone } = verdictOf(verdictFigures(run)), main = mainFigure(figureCourses(run));
  return html`
    <section class="verdict ${tone}">
    <p class="headline">${unbroken(headline)}.</p>
    ${main && gap(main)}
    ${notes.length ? html`<ul>${notes.map((note) => html`<li>${unbroken(note)}</li>`)}</ul>` : null}
    ${tiles(run)}
    </section>
  `;
}

/** Where the student stands between its beginning and the teacher, on one line. */
export function gap(main: FigureCourse): Markup | null {
  const student = main.student.at(-1)?.value, beginning = beginningOf(main);
  const teacher = teacherOf(main);
  if (student === undefined || beginning === null || teacher === null) return null;
  const all = [student, beginning, teacher], low = Math.min(...all), high = Math.max(...all);
  const place = (value: number) => high > low ? 4 + 92 * (value - low) / (high - low) : 50;
  const [from, to] = [beginning, student].map(place).sort((a, b) => a - b);
  const stop = (name: string, value: number, what: string) =>
    html`
      <span class="stop ${what}" style="left:${place(value).toFixed(2)}%"></span>
      <span class="told ${what}" style="${side(place(value))}"><b>${name}</b> ${percent(value)}</span>
    `;
  return html`
    <div class="gap" role="img"
      aria-label="${figureName(main.key)}: beginning ${percent(beginning)}, student ${percent(
        student,
      )}, teacher ${percent(teacher)}">
    <span class="track"></span><span class="way" style="left:${from.toFixed(2)}%;width:${(to - from).toFixed(
      2,
    )}%"></span>
    ${stop("beginning", beginning, "beginning")}${stop("teacher", teacher, "teacher")}${stop(
      "student",
      student,
      "student",
    )}
    </div>
  `;
}

/** Where a name stands, so that it does not leave the page. */
function side(place: number): string {
  if (place < 20) return `left:${Math.max(0, place - 4).toFixed(2)}%`;
  if (place > 80) return `right:${Math.max(0, 96 - place).toFixed(2)}%`;
  return `left:${place.toFixed(2)}%;transform:translateX(-50%)`;
}

function tiles(run: RunContent): Markup {
  const cost = costOf(run), last = run.steps.at(-1)?.loss ?? null;
  const shown: [string, string | null][] = [
    ["steps", count(stepsOf(run))],
    ["images seen", cost.images === null ? null : count(cost.images)],
    ["last loss", last === null ? null : last.toFixed(3)],
    ["images a second", cost.speed === null ? null : cost.speed.toFixed(1)],
    ["time", timeText(cost)],
  ];
  return facts(shown, "tiles");
}
