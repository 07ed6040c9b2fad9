import { escapeHtml } from "../text/html.ts";
import { averaged, type Point } from "./report/charts/averaged.ts";

export type { Point };

/** The losses of a run. */
export interface LossCurve {
  /** Shown beside its colour, if there are several. */
  label: string;
  losses: readonly Point[];
}

/** Names of curves stand below. */
const LEGEND_COLUMNS = 4, LEGEND_ROW = 18;
const WIDTH = 800, HEIGHT = 320, LEFT = 56, BOTTOM = 32, TOP = 12, RIGHT = 18;
/** More points than pixels show nothing more: steps are averaged to this many. */
const MAX_POINTS = 400;
/** Told apart with any vision (Okabe and Ito, 2008), the first of them the one that is used alone. */
const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555", "#000"];

/** The loss over the steps as an SVG for a page: each point the mean of the steps around it. */
export function lossChart(curves: readonly LossCurve[]): string {
  const drawn = curves.map(({ label, losses }) => ({ label, points: averaged(losses, MAX_POINTS) })).filter((
    { points },
  ) => points.length > 0);
  if (drawn.length === 0) return "<p>No steps</p>";
  const all = drawn.flatMap(({ points }) => points);
  const [low, high] = range(all.map(({ y }) => y)), last = Math.max(2, ...all.map(({ x }) => x));
  const x = (step: number) => LEFT + (WIDTH - LEFT - RIGHT) * (step - 1) / (last - 1);
  const y = (loss: number) => TOP + (HEIGHT - TOP - BOTTOM) * (high - loss) / (high - low);
  const levels = Array.from({ length: 5 }, (_, i) => low + (high - low) * i / 4);
  const grid = levels.map((level) =>
    `<path d="M${LEFT} ${y(level).toFixed(1)}H${WIDTH - RIGHT}" stroke="#ddd"/>` +
    `<text x="${LEFT - 6}" y="${(y(level) + 4).toFixed(1)}" text-anchor="end">${level.toFixed(2)}</text>`
  );
  const steps = [1, Math.round(last / 2), Math.round(last)].map((step) =>
    `<text x="${x(step).toFixed(1)}" y="${HEIGHT - 10}" text-anchor="middle">${step}</text>`
  );
  const lines = drawn.map(({ points }, i) => {
    const places = points.map((point) => `${x(point.x).toFixed(1)},${y(point.y).toFixed(1)}`).join(" ");
    return `<polyline points="${places}" fill="none" stroke="${colorOf(i)}" stroke-width="1.5"/>`;
  });
  const names = drawn.length > 1 ? drawn.map(({ label }, i) => legend(label, i)) : [];
  const height = HEIGHT + LEGEND_ROW * Math.ceil(names.length / LEGEND_COLUMNS);
  return `<svg viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" font-size="12" \
font-family="system-ui,sans-serif" fill="#555" role="img" aria-label="Loss by step">
${[...grid, ...steps, ...lines, ...names].join("\n")}
</svg>`;
}

function colorOf(curve: number): string {
  return COLORS[curve % COLORS.length];
}

function legend(label: string, curve: number): string {
  const y = HEIGHT + 8 + LEGEND_ROW * Math.floor(curve / LEGEND_COLUMNS);
  const x = LEFT + (curve % LEGEND_COLUMNS) * (WIDTH - LEFT) / LEGEND_COLUMNS;
  return `<text x="${x}" y="${y}" fill="${colorOf(curve)}">${escapeHtml(label)}</text>`;
}

/** Never empty: a constant loss is in the middle. */
function range(values: readonly number[]): [number, number] {
  const low = Math.min(...values), high = Math.max(...values);
  return high > low ? [low, high] : [low - 0.5, high + 0.5];
}
