import { html, type Markup } from "../../text/markup.ts";
import { lineChart, type Series } from "./charts/line_chart.ts";
import { missing, section } from "./parts.ts";
import type { StepLine } from "./lines.ts";
import type { RunContent } from "./run_content.ts";
import { isTaught } from "./run_figures.ts";

/** Loss, gradient, rate and speed over the steps. */
export function trainingSection(run: RunContent): Markup {
  const { steps } = run;
  if (steps.length === 0) return section("Training", missing("No step has been taken yet."));
  const charts = [lossChart(run), ...termCharts(steps), ...otherCharts(run)];
  return section("Training", html`<div class="charts">${charts}</div>`, waitsMissing(run));
}

function pointsOf(steps: readonly StepLine[], of: (line: StepLine) => number | null | undefined) {
  return steps.flatMap((line) => {
    const y = of(line);
    return typeof y === "number" && Number.isFinite(y) ? [{ x: line.step, y }] : [];
  });
}

/** The loss between a guess's and the least that it can be. */
function lossChart(run: RunContent): Markup | null {
  const { steps } = run;
  const loss = pointsOf(steps, (line) => line.loss),
    floor = pointsOf(steps, ({ metrics }) => metrics?.loss_floor);
  const uniform = pointsOf(steps, ({ metrics }) => metrics?.loss_uniform);
  const series: Series[] = [
    { label: "loss", points: loss, color: 0, style: "smooth" },
    {
      label: isTaught(run)
        ? "the least it can be (of a cross-entropy: the teacher's own entropy)"
        : "the least it can be",
      points: floor,
      color: 1,
      style: "dashed",
    },
    {
      label: "a guess's (of a cross-entropy over a queue of K: ln(K + 1))",
      points: uniform,
      color: "muted",
      style: "dashed",
    },
  ];
  const unknown = floor.length ? undefined : "What it can be at least was not recorded.";
  return lineChart({ title: "Loss", across: "step", series, note: unknown });
}

/** More of what objectives tell is not drawn. */
const MOST_METRICS = 8;

/** Of several losses each, and what objectives tell besides. */
function termCharts(steps: readonly StepLine[]): (Markup | null)[] {
  const names = (of: (line: StepLine) => StepLine["metrics"]) => [
    ...new Set(steps.flatMap((line) => Object.keys(of(line) ?? {}))),
  ];
  const terms = names(({ losses }) => losses).slice(0, MOST_METRICS), metrics = names((line) => line.metrics);
  const others = metrics.filter((name) => !["loss_floor", "loss_uniform"].includes(name)).slice(
    0,
    MOST_METRICS,
  );
  return [
    lineChart({
      ...{ title: "Losses, before their weights", across: "step" },
      series: terms.map((label, color): Series => ({
        ...{ label, color, style: "smooth" },
        points: pointsOf(steps, ({ losses }) => losses?.[label]),
      })),
    }),
    ...others.map((name) =>
      lineChart({
        ...{ title: name, across: "step" },
        series: [{
          ...{ label: name, color: 0, style: "smooth" },
          points: pointsOf(steps, ({ metrics }) => metrics?.[name]),
        }],
      })
    ),
  ];
}

function otherCharts({ steps, timings }: RunContent): (Markup | null)[] {
  const single = (title: string, points: Series["points"], style: Series["style"] = "smooth") =>
    lineChart({ title, across: "step", includes: [0], series: [{ label: title, points, color: 0, style }] });
  const waits = timings.flatMap((line) =>
    "seconds" in line && line.seconds > 0 ? [{ x: line.step, y: line.data_wait_seconds / line.seconds }] : []
  );
  return [
    single("Length of the gradient", pointsOf(steps, (line) => line.gradient_norm)),
    single("Rate", pointsOf(steps, ({ lr }) => lr), "line"),
    // The first steps are compiled.
    single(
      "Images a second",
      pointsOf(steps.slice(steps.length > 8 ? 4 : 0), (line) => line.images_per_second),
    ),
    lineChart({
      ...{ title: "Waits for pictures", across: "step", isShare: true, includes: [0, 0.2] },
      series: [{ label: "share of the step's time", points: waits, color: 0, style: "smooth" }],
    }),
  ];
}

function waitsMissing({ timings }: RunContent): Markup | null {
  return timings.length ? null : missing("How long each step waited for pictures was not recorded.");
}
