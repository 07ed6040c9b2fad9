/**
 * The page of one run: it needs no network and no script. What files say is text in it, never markup.
 *
 * @module
 */
import { html, Markup } from "../../text/markup.ts";
import { classesSection } from "./classes.ts";
import { costSection } from "./cost.ts";
import { evaluationsSection } from "./evaluations.ts";
import { headline } from "./headline.ts";
import { mapSection } from "./map.ts";
import { neighboursSection } from "./neighbours.ts";
import { originSection } from "./origin.ts";
import { count } from "./parts.ts";
import { recordSection } from "./record.ts";
import { numberAt, type RunContent } from "./run_content.ts";
import { networkName } from "./run_figures.ts";
import { STYLE } from "./style.ts";
import { trainingSection } from "./training.ts";

/** Renders a run. */
export function renderRun(run: RunContent): string {
  return renderPage(
    run.name,
    html`
      <header>
        <p class="kind">${KINDS[run.state]}</p>
        <h1>${run.name}</h1>
        <p class="lead">${lead(run)}</p>
      </header>
      ${problems(run)}
      ${headline(run)}
      ${originSection(run)}
      ${trainingSection(run)}
      ${evaluationsSection(run)}
      ${neighboursSection(run)}
      ${mapSection(run)}
      ${classesSection(run)}
      ${costSection(run)}
      ${recordSection(run)}
    `,
  );
}

const KINDS = {
  "finished": "Report of a run",
  "under way": "Report of a run that is under way",
  "interrupted": "Report of a run that was interrupted",
} as const;

function lead(run: RunContent): string {
  const student = networkName(run, "student") ?? "a student", teacher = networkName(run, "teacher");
  const images = numberAt(run.facts, "images", "train");
  const of = images === null ? "" : `, on ${count(images)} pictures without labels`;
  return teacher === null
    ? `${student}, trained without a teacher${of}`
    : `${student}, taught by ${teacher}${of}`;
}

/** What could not be read of a run. */
export function problems({ problems }: Pick<RunContent, "problems">): Markup | null {
  if (problems.length === 0) return null;
  return html`<ul class="problems">${problems.map((problem) => html`<li>${problem}</li>`)}</ul>`;
}

/** A whole page. */
export function renderPage(title: string, body: Markup): string {
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width,initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
        <title>${title}</title>
        <style>${new Markup(STYLE)}</style>
      </head>
      <body>
        <main>
    ${body}
        </main>
      </body>
    </html>
  `.text;
}
