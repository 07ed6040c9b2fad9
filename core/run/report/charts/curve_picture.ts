import { escapeHtml } from "../../../text/html.ts";
import { averaged, type Point } from "./averaged.ts";
import { px, scaleOf, tickText, valueText } from "./scale.ts";

/** Numbers that a picture shows as a line. */
export interface Curve {
  /** Shown below in its colour, if there are several. */
  label: string;
  points: readonly Point[];
}

/** What a picture of curves shows. */
export interface CurvePicture {
  title: string;
  /** What is counted from left to right. */
  across: string;
  curves: readonly Curve[];
  /** Whether values are shares in 0..1, which are written in per cent. */
  isShare?: boolean;
  /** Values that are on the axis whatever the curves are. */
  includes?: readonly number[];
  /** Whether each point is marked: for a few measurements, not for each step. */
  isMarked?: boolean;
}

/** Names of curves stand below. */
const LEGEND_COLUMNS = 4, LEGEND_ROW = 18;
const WIDTH = 800, HEIGHT = 340, LEFT = 56, BOTTOM = 48, TOP = 12, RIGHT = 18;
/** More points than pixels show nothing more: neighbours are averaged to so many. */
const MOST_POINTS = 400;
/** Told apart with any vision (Okabe and Ito, 2008), the first of them the one that is used alone. */
const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555", "#000"];

/**
 * Curves as an SVG of its own, for a document: colours for a white page, and each point the mean of its neighbours where
 * there are more of them than can be seen.
 *
 * @throws {RangeError} If no curve has a point.
 */
export function curvePicture(
  { title, across, curves, isShare = false, includes = [], isMarked = false }: CurvePicture,
): string {
  const drawn = curves.map(({ label, points }) => ({ label, points: averaged(points, MOST_POINTS) }));
  const all = drawn.flatMap(({ points }) => points);
  if (all.length === 0) throw new RangeError(`None of ${curves.length} curves has a point to draw`);
  const x = scaleOf(all.map((point) => point.x), { from: LEFT, to: WIDTH - RIGHT, isTight: true });
  const y = scaleOf([...all.map((point) => point.y), ...includes], {
    from: HEIGHT - BOTTOM,
    to: TOP,
    ticks: 8,
    isShare,
  });
  const grid = y.ticks.map((tick) =>
    `<path d="M${LEFT} ${px(y.at(tick))}H${WIDTH - RIGHT}" stroke="#ddd"/>` +
    `<text x="${LEFT - 6}" y="${px(y.at(tick) + 4)}" text-anchor="end">${valueText(tick, y, isShare)}</text>`
  );
  const below = x.ticks.map((tick) =>
    `<text x="${px(x.at(tick))}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${tickText(tick, x)}</text>`
  );
  const lines = drawn.map(({ points }, i) => {
    const places = points.map((point) => [px(x.at(point.x)), px(y.at(point.y))]);
    const dots = places.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3" fill="${colorOf(i)}"/>`);
    return `<polyline points="${places.join(" ")}" fill="none" stroke="${colorOf(i)}" stroke-width="1.5"/>` +
      (isMarked ? dots.join("") : "");
  });
  const names = drawn.length > 1 ? drawn.map(({ label }, i) => nameOf(label, i)) : [];
  const height = HEIGHT + LEGEND_ROW * Math.ceil(names.length / LEGEND_COLUMNS);
  const axis = `<text x="${WIDTH - RIGHT}" y="${HEIGHT - 12}" text-anchor="end">${escapeHtml(across)}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" font-size="12" \
font-family="system-ui,sans-serif" fill="#555" role="img" aria-label="${
    escapeHtml(`${title}, by ${across}`)
  }">
<rect width="100%" height="100%" fill="#fff"/>
${[...grid, ...below, axis, ...lines, ...names].join("\n")}
</svg>
`;
}

function colorOf(curve: number): string {
  return COLORS[curve % COLORS.length];
}

function nameOf(label: string, curve: number): string {
  const y = HEIGHT + 6 + LEGEND_ROW * Math.floor(curve / LEGEND_COLUMNS);
  const x = LEFT + (curve % LEGEND_COLUMNS) * (WIDTH - LEFT) / LEGEND_COLUMNS;
  return `<text x="${x}" y="${y}" fill="${colorOf(curve)}">${escapeHtml(label)}</text>`;
}
