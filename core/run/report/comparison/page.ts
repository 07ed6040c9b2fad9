/**
 * Several runs on one page: which came out best, all figures in a table, curves over each other, and in what their recipes
 * differ.
 *
 * @module
 */
import { html, type Markup } from "../../../text/markup.ts";
import { lineChart, type Series } from "../charts/line_chart.ts";
import { costOf, timeText } from "../cost.ts";
import { problems, renderPage } from "../page.ts";
import { code, count, missing, percent, section, table, unbroken } from "../parts.ts";
import { mappingIn } from "../../mapping_in.ts";
import { type Mapping, numberAt, type RunContent, textAt } from "../run_content.ts";
import {
  beginningOf,
  currentCourses,
  evaluatorOf,
  type FigureCourse,
  figureCourses,
  figureName,
  mainFigure,
  networkName,
  objectivesOf,
  stepsOf,
  teacherOf,
  verdictFigures,
} from "../run_figures.ts";
import { clearGap, clearLead, verdictOf } from "../verdict.ts";
import { outcomeOf } from "./outcome.ts";
import { recipeDifferences } from "./recipe_differences.ts";

/** Renders a comparison of two runs or more. */
export function renderComparison(runs: readonly RunContent[]): string {
  const title = `Comparison of ${runs.length} runs`;
  return renderPage(
    title,
    html`
      <header>
        <p class="kind">Comparison</p>
        <h1>${title}</h1>
        <p class="lead">${runs.map(({ name }) => name).join(", ")}</p>
      </header>
      ${runs.map(problems)}
      <section class="verdict">
        <p class="headline">${unbroken(comparisonOutcome(runs))}</p>
        <ul>${runs.map((run) =>
          html`<li><b>${run.name}</b>: ${unbroken(verdictOf(verdictFigures(run)).headline)}.</li>`
        )}</ul>
      </section>
      ${tableSection(runs)}
      ${curvesSection(runs)}
      ${recipesSection(runs)}
    `,
  );
}

/** Which run is best, by the figure that all are judged by. */
export function comparisonOutcome(runs: readonly RunContent[]): string {
  const shared = sharedFigure(runs);
  const outcomes = runs.map((run) => {
    const found = shared === null ? null : courseOf(run, shared), { figure } = verdictFigures(run);
    return { name: run.name, value: found?.student.at(-1)?.value ?? null, queries: figure?.queries ?? null };
  });
  return outcomeOf(shared === null ? null : figureName(shared), outcomes, measuredOtherwise(runs, shared));
}

/** The best known figure that all runs have; null: there is none. */
function sharedFigure(runs: readonly RunContent[]): string | null {
  const [first, ...others] = runs.map((run) => currentCourses(figureCourses(run)));
  return mainFigure(first.filter(({ key }) => others.every((of) => of.some((one) => one.key === key))))
    ?.key ?? null;
}

function courseOf(run: RunContent, key: string): FigureCourse | null {
  return figureCourses(run).find((one) => one.key === key) ?? null;
}

/** What is recorded to differ in how runs were measured by a figure; null: nothing. */
function measuredOtherwise(runs: readonly RunContent[], key: string | null): string | null {
  if (!areSamePictures(runs)) return "on other pictures";
  if (key === null) return null;
  const evaluator = evaluatorOf(key), evaluates = runs.map(({ settings }) => mappingIn(settings, "evaluate"));
  if (differ(evaluates.map((evaluate) => mappingIn(evaluate, evaluator)))) {
    return `with other options of ${evaluator}`;
  }
  return evaluator === "agreement" && differ(runs.map(comparedTeacher)) ? "against other teachers" : null;
}

/** Whether a key that several have differs; earlier versions did not write all of today's. */
function differ(options: readonly Mapping[]): boolean {
  const keys = new Set(options.flatMap(Object.keys));
  return [...keys].some((key) => {
    const having = options.filter((one) => Object.hasOwn(one, key));
    return new Set(having.map((one) => JSON.stringify(one[key]))).size > 1;
  });
}

/** Which teacher a run's agreement is with: that of `evaluate`, or else its own, by its weights where they are known. */
function comparedTeacher({ settings, facts }: RunContent): Mapping {
  const { teacher } = mappingIn(settings, "evaluate");
  if (teacher) return { teacher };
  const { plugin = null, weights = null } = mappingIn(settings, "teacher");
  return { teacher: textAt(facts, "teacher", "sha256") ?? [plugin, weights] };
}

/** False if it is recorded that they are evaluated on others. */
function areSamePictures(runs: readonly RunContent[]): boolean {
  const told = runs.map(({ facts }) => (facts.images as Record<string, unknown> | undefined)?.labels_sha256)
    .filter((hashes) => Array.isArray(hashes)).map((hashes) => JSON.stringify(hashes));
  return new Set(told).size <= 1;
}

function tableSection(runs: readonly RunContent[]): Markup {
  const keys = [...new Set(runs.flatMap(figureCourses).map(({ key }) => key))];
  const costs = runs.map(costOf),
    text = (value: number | null, of: (value: number) => string) => value === null ? "" : of(value);
  const rows: [string, string[]][] = [
    ["state", runs.map(({ state }) => state)],
    ["teacher", runs.map((run) => networkName(run, "teacher") ?? "none")],
    ["student", runs.map((run) => networkName(run, "student") ?? "")],
    ["objective", runs.map((run) => objectivesOf(run).join(" + "))],
    ...keys.map((
      key,
    ): [string, string[]] => [key, runs.map((run) => percent(courseOf(run, key)?.student.at(-1)?.value))]),
    ...boundsOf(runs),
    ["of the way to the teacher", runs.map(wayOf)],
    ["last loss", runs.map(({ steps }) => text(steps.at(-1)?.loss ?? null, (loss) => loss.toFixed(3)))],
    ["steps", runs.map((run) => count(stepsOf(run)))],
    ["images seen", costs.map(({ images }) => text(images, count))],
    ["images a second", costs.map(({ speed }) => text(speed, (speed) => speed.toFixed(1)))],
    ["time", costs.map((cost) => timeText(cost) ?? "")],
  ];
  return section(
    "Figures",
    table(["", ...runs.map(({ name }) => name)], rows.map(([name, cells]) => [name, ...cells])),
  );
}

/** Between what the best known figure that all have lies: as students began, and the teachers'. */
function boundsOf(runs: readonly RunContent[]): [string, string[]][] {
  const shared = sharedFigure(runs);
  if (shared === null) return [];
  const cells = (of: (course: FigureCourse) => number | null) =>
    runs.map((run) => percent(of(courseOf(run, shared)!)));
  return [[`${shared}, as it began`, cells(beginningOf)], [`${shared}, the teacher`, cells(teacherOf)]];
}

/** Share of the gap between beginning and teacher, by the run's main figure; nothing where a verdict has none either. */
function wayOf(run: RunContent): string {
  const { figure, isCollapsed } = verdictFigures(run), student = figure?.student.at(-1)?.value;
  if (
    isCollapsed || !figure || student === undefined || figure.beginning === null || figure.teacher === null
  ) return "";
  const { name, beginning, teacher, queries } = figure;
  const gap = clearGap(teacher, beginning, queries), lead = clearLead(student, beginning, queries);
  if (gap === null || lead === null) return "";
  return lead < 0 ? "behind" : `${percent(lead / gap, 0)} (${name})`;
}

function curvesSection(runs: readonly RunContent[]): Markup {
  const batches = runs.map(({ settings }) => numberAt(settings, "train", "batch_size"));
  // Steps of other batches are no measure.
  const areKnown = batches.every((batch) => batch !== null), across = areKnown ? "images seen" : "step";
  const perStep = areKnown ? batches : batches.map(() => 1);
  const objectives = new Set(runs.map((run) => objectivesOf(run).join(" + ")));
  const losses = runs.map((run, i): Series => ({
    ...{ label: run.name, color: i, style: "smooth" },
    points: run.steps.flatMap(({ step, loss }) => loss === null ? [] : [{ x: step * perStep[i], y: loss }]),
  }));
  const keys = [...new Set(runs.flatMap(figureCourses).map(({ key }) => key))];
  const figures = keys.map((key) =>
    lineChart({
      ...{ title: key, across, isShare: true },
      series: runs.map((run, i): Series => {
        const course = courseOf(run, key), beginning = course && beginningOf(course);
        const points = course?.student.map(({ step, value }) => ({ x: step * perStep[i], y: value })) ?? [];
        return {
          ...{ label: run.name, color: i, style: "dots" },
          points: points.length && beginning !== null ? [{ x: 0, y: beginning }, ...points] : points,
        };
      }),
    })
  );
  const note = objectives.size > 1
    ? "Losses of other objectives are measured otherwise: only their course can be compared."
    : undefined;
  return section(
    "Curves",
    html`<div class="charts">${lineChart({ title: "Loss", across, series: losses, note })}${figures}</div>`,
  );
}

function recipesSection(runs: readonly RunContent[]): Markup {
  const differences = recipeDifferences(runs.map(({ settings }) => settings));
  return section(
    "Differences of the recipes",
    differences.length === 0 ? missing("There are none.") : table(
      ["key", ...runs.map(({ name }) => name)],
      differences.map(({ key, values }) => [code(key), ...values.map((value) => value ?? "–")]),
    ),
  );
}
