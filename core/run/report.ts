/**
 * `report.html`: a run on one page that needs no network and no script: what was run, the loss, the evaluations,
 * and the recipe.
 *
 * @module
 */
import { figuresOf } from "../interfaces/evaluator.ts";
import { escapeHtml } from "../text/html.ts";
import { lossChart, type Point } from "./loss_chart.ts";
import { IDENTICAL_FEATURES } from "../evaluation/evaluation.ts";
import type { RunDirectory } from "./run_directory.ts";

interface Evaluated {
  step: number;
  network: string;
  evaluation: Record<string, Record<string, number>>;
  identical_features?: true;
}

/** Writes the report of a run that is over, from the files that it has written. */
export async function writeReport(directory: RunDirectory, name: string): Promise<void> {
  const read = async (what: "facts" | "recipe") => await Deno.readTextFile(directory.file(what));
  const { lines: metrics } = await directory.metrics();
  const html = renderReport({
    name,
    facts: await directory.facts(),
    summary: (await directory.summary())!,
    losses: metrics.filter((line) => "loss" in line).map(({ step, loss }) => ({
      x: Number(step),
      y: Number(loss),
    })),
    evaluations: metrics.filter((line) => "evaluation" in line) as unknown as Evaluated[],
    recipe: await read("recipe"),
  });
  await directory.writeText("report", html);
}

/** What a report is made of. */
export interface ReportContent {
  name: string;
  /** `run.json`. */
  facts: Record<string, unknown>;
  /** `summary.json`. */
  summary: Record<string, unknown>;
  losses: Point[];
  evaluations: Evaluated[];
  /** YAML. */
  recipe: string;
}

/** The page; every value of a file is text in it, never markup. */
export function renderReport({ name, facts, summary, losses, evaluations, recipe }: ReportContent): string {
  const { evaluations: _, ...figures } = summary;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(name)}</title>
<style>${STYLE}</style>
<h1>${escapeHtml(name)}</h1>
${table(rowsOf(figures))}
<h2>Loss</h2>
${lossChart([{ label: name, losses }])}
<h2>Evaluations</h2>
${evaluations.length ? evaluationTable(evaluations) : "<p>None</p>"}
<h2>Run</h2>
${table(rowsOf(facts))}
<h2>Recipe</h2>
<pre>${escapeHtml(recipe)}</pre>
</html>
`;
}

const STYLE =
  `body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0}td,th{padding:.2em .8em;border-bottom:1px solid #ddd;text-align:left}
td.number{text-align:right;font-variant-numeric:tabular-nums}pre{background:#f6f6f6;padding:1em;overflow:auto}
svg{max-width:100%;height:auto}`;

/** Leaves of nested values, by their path. */
function rowsOf(values: Record<string, unknown>, prefix = ""): [string, string][] {
  return Object.entries(values).flatMap(([key, value]): [string, string][] =>
    typeof value === "object" && value !== null
      ? rowsOf(value as Record<string, unknown>, `${prefix}${key}.`)
      : [[prefix + key, typeof value === "number" ? rounded(value) : String(value)]]
  );
}

function table(rows: [string, string][]): string {
  return `<table>${
    rows.map(([key, value]) => `<tr><th>${escapeHtml(key)}<td>${escapeHtml(value)}`).join("\n")
  }</table>`;
}

/** A row an evaluation, a column a figure: fractions in per cent. */
function evaluationTable(evaluations: Evaluated[]): string {
  const columns = [
    ...new Set(evaluations.flatMap(({ evaluation }) => figuresOf(evaluation).map(([key]) => key))),
  ];
  const head = `<tr><th>Step<th>Network${columns.map((column) => `<th>${escapeHtml(column)}, %`).join("")}`;
  const rows = evaluations.map(({ step, network, evaluation, identical_features }) => {
    const figures = new Map(figuresOf(evaluation));
    const cell = (value: number | null | undefined) =>
      typeof value !== "number" ? "" : (100 * value).toFixed(1);
    const cells = columns.map((column) => `<td class="number">${cell(figures.get(column))}`).join("");
    const warning = identical_features
      ? `<tr><td><td colspan="${1 + columns.length}">${escapeHtml(IDENTICAL_FEATURES)}`
      : "";
    return `<tr><td class="number">${step}<td>${escapeHtml(network)}${cells}${warning}`;
  });
  return `<table>${[head, ...rows].join("\n")}</table>`;
}

function rounded(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)));
}
