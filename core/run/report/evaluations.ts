import { html, type Markup } from "../../text/markup.ts";
import { IDENTICAL_FEATURES } from "../../evaluation/evaluation.ts";
import { figuresOf } from "../../interfaces/evaluator.ts";
import { type Level, lineChart } from "./charts/line_chart.ts";
import { count, missing, percent, section, table } from "./parts.ts";
import type { RunContent } from "./run_content.ts";
import { beginningOf, changedAt, type FigureCourse, figureCourses, figureKeys } from "./run_figures.ts";

/** What networks have been called on every page. */
const COLORS = { student: 0, teacher: 1, initial: 2, untrained: "muted" } as const;

/** Figures over the steps, between teacher and beginning, and as a table. */
export function evaluationsSection(run: RunContent): Markup {
  const { evaluations } = run;
  if (evaluations.length === 0) return section("Evaluations", missing("Nothing was evaluated."));
  const charts = figureCourses(run).map(chartOf);
  return section(
    "Evaluations",
    html`<div class="charts">${charts}</div>`,
    figureTable(run),
    evaluations.some((one) => one.isCollapsed) ? html`<p class="missing">${IDENTICAL_FEATURES}.</p>` : null,
    protocols(run),
    changes(run),
  );
}

function chartOf(course: FigureCourse): Markup | null {
  const { key, student, teacher, initial, untrained } = course, start = beginningOf(course);
  const levels = [
    ["teacher", teacher, COLORS.teacher],
    ["as it began", initial, COLORS.initial],
    ["untrained", untrained, COLORS.untrained],
  ] as const;
  return lineChart({
    ...{ title: key, across: "step", isShare: true },
    series: [{
      ...{ label: "student", color: COLORS.student, style: "dots" },
      points: [
        ...start === null || student.length === 0 ? [] : [{ x: 0, y: start }],
        ...student.map(({ step, value }) => ({ x: step, y: value })),
      ],
    }],
    levels: levels.flatMap(([label, value, color]): Level[] =>
      value === null ? [] : [{ label, value, color }]
    ),
  });
}

/** A row an evaluation, a column a figure. */
function figureTable(run: RunContent): Markup {
  const { evaluations } = run, columns = figureKeys(run);
  const rows = evaluations.map(({ step, network, evaluation, isCollapsed }) => {
    const figures = new Map(figuresOf(evaluation));
    return [
      `${network}${isCollapsed ? " (the same of all images)" : ""}`,
      `${step}`,
      ...columns.map((column) => percent(figures.get(column))),
    ];
  });
  return html`<details${evaluations.length <= 8 ? OPEN : null}><summary>All figures</summary>${
    table(["network", "step", ...columns], rows)
  }</details>`;
}

const OPEN = html`
  open
`;

/** Figures that are not drawn, as they are of another `evaluate`. */
function changes(run: RunContent): Markup | null {
  const since = new Map<string, number>();
  for (const key of figureKeys(run)) {
    const step = Math.max(changedAt(run, key, "student"), changedAt(run, key, "teacher"));
    if (step > 0) since.set(key.split(" ")[0], step);
  }
  if (since.size === 0) return null;
  return html`<ul class="notes">${
    [...since].map(([name, step]) =>
      html`<li><b>${name}</b>: the recipe's <code>evaluate</code> was changed when the run went on after step ${
        count(step)
      }. Figures before are not compared with those after it; they are in the table.</li>`
    )
  }</ul>`;
}

/** How the figures came about. */
function protocols({ evaluations }: RunContent): Markup | null {
  const told = Object.entries(evaluations.at(-1)!.details);
  if (told.length === 0) return null;
  return html`<ul class="notes">${
    told.map(([name, { protocol, gallery, queries }]) =>
      html`<li><b>${name}</b>: ${protocol}; ${count(gallery)} images searched in or learnt from, ${
        count(queries)
      } asked about</li>`
    )
  }</ul>`;
}
