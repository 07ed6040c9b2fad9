import { html, type Markup } from "../../../text/markup.ts";
import { colorClass, COLORS } from "./line_chart.ts";

/** Points of a plane, each of a group. */
export interface Scatter {
  /** What it is of, for those who do not see it. */
  title: string;
  points: readonly (readonly [number, number])[];
  /** A number a point, of its colour and shape; null: all are alike. */
  groups: readonly number[] | null;
}

const SIDE = 240, EDGE = 8, RADIUS = 3;

/** Draws points, in a square with the same scale both ways. */
export function scatter({ title, points, groups }: Scatter): Markup {
  const [low, high] = [Math.min, Math.max].map((of) =>
    [0, 1].map((axis) => of(...points.map((one) => one[axis])))
  );
  const extent = Math.max(high[0] - low[0], high[1] - low[1]) || 1, scale = (SIDE - 2 * EDGE) / extent;
  const place = (value: number, axis: number) => SIDE / 2 + (value - (low[axis] + high[axis]) / 2) * scale;
  const marks = points.map(([x, y], i) => mark(groups?.[i] ?? 0, place(x, 0), SIDE - place(y, 1)));
  return html`<svg viewBox="0 0 ${SIDE} ${SIDE}" role="img" aria-label="${title}">
<rect class="frame" width="${SIDE}" height="${SIDE}" rx="6"/>
${marks}
</svg>`;
}

/** A group's sign: colours first, then the same ones as squares, so that colour alone tells nothing apart. */
export function mark(group: number, x: number, y: number): Markup {
  const color = colorClass(group), r = RADIUS;
  return group < COLORS
    ? html`
      <circle class="mark ${color}" cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${r}" />
    `
    : html`
      <path class="mark ${color}" d="M${(x - r).toFixed(1)} ${(y - r).toFixed(1)}h${2 * r}v${2 * r}h${-2 *
        r}z" />
    `;
}
