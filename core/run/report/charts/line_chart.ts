/**
 * Lines over steps, as SVG whose colours are the page's: readable in light and dark, and at the width of a phone.
 *
 * @module
 */
import { html, type Markup } from "../../../text/markup.ts";
import { percent, shortNumber } from "../parts.ts";
import { averaged, type Point } from "./averaged.ts";
import { px, type Scale, scaleOf, tickText, valueText } from "./scale.ts";

/** Numbers over the steps. */
export interface Series {
  /** Shown below, beside its colour. */
  label: string;
  points: readonly Point[];
  /** The page's colour of this number, or `muted`. */
  color: number | "muted";
  /** `smooth`: its mean over neighbours, the points themselves faint behind it. `dots`: each point is marked. */
  style?: "line" | "smooth" | "dashed" | "dots";
}

/** A value that stays: drawn from side to side. */
export interface Level {
  label: string;
  value: number;
  color: number | "muted";
}

/** What a chart shows. */
export interface LineChart {
  title: string;
  /** What is counted from left to right. */
  across: string;
  series: readonly Series[];
  levels?: readonly Level[];
  /** Whether values are shares in 0..1, which are written in per cent. */
  isShare?: boolean;
  /** Values that are on the axis whatever the lines are. */
  includes?: readonly number[];
  /** What is told below. */
  note?: string;
}

const WIDTH = 440, HEIGHT = 250, LEFT = 54, RIGHT = 14, TOP = 12, BOTTOM = 38;
/** More points show nothing more. */
const MOST_POINTS = 300;
/** Points of a smooth line. */
const SMOOTH_POINTS = 40;

/** Draws one; null if there is nothing to draw. */
export function lineChart(
  { title, across, series, levels = [], isShare = false, includes = [], note }: LineChart,
): Markup | null {
  const drawn = series.filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return null;
  const shown = drawn.map((one) => ({ ...one, points: averaged(one.points, MOST_POINTS) }));
  const all = shown.flatMap(({ points }) => points);
  const x = scaleOf(all.map((point) => point.x), { from: LEFT, to: WIDTH - RIGHT, ticks: 4, isTight: true });
  const y = scaleOf([...all.map((point) => point.y), ...levels.map(({ value }) => value), ...includes], {
    ...{ from: HEIGHT - BOTTOM, to: TOP, ticks: 4, isShare },
  });
  return html`
    <figure class="chart">
      <h3>${title}</h3>
      <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}, by ${across}">
    ${y.ticks.map((tick) => gridLine(tick, y, isShare))}
    ${x.ticks.map((tick) =>
      html`<text x="${px(x.at(tick))}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${
        tickText(tick, x)
      }</text>`
    )}
    <text class="axis" x="${WIDTH - RIGHT}" y="${HEIGHT - 4}" text-anchor="end">${across}</text>
    ${levels.map(({ label, value, color }) =>
      html`
        <path class="level ${colorClass(color)}" d="M${LEFT} ${px(y.at(value))}H${WIDTH - RIGHT}">
          <title>${label}</title>
        </path>
      `
    )}
    ${shown.map((one) => lineOf(one, { x, y, isShare }))}
      </svg>
      <figcaption>${legend([
        ...levels.map((one) => ({ ...one, style: "dashed" as const })),
        ...shown,
      ])}${note === undefined ? null : html`<p>${note}</p>`}</figcaption>
    </figure>
  `;
}

function gridLine(tick: number, y: Scale, isShare: boolean): Markup {
  const at = y.at(tick), text = valueText(tick, y, isShare);
  return html`
    <path class="grid" d="M${LEFT} ${px(at)}H${WIDTH - RIGHT}" />
    <text x="${LEFT - 7}" y="${px(at + 4)}" text-anchor="end">${text}</text>
  `;
}

function lineOf(
  { points, color, style = "line", label }: Series,
  { x, y, isShare }: { x: Scale; y: Scale; isShare: boolean },
): Markup {
  const line = (points: readonly Point[], extra: string) =>
    html`
      <polyline class="line ${colorClass(color)} ${extra}" points="${points.map((point) =>
        `${px(x.at(point.x))},${px(y.at(point.y))}`
      ).join(" ")}" />
    `;
  if (style === "smooth" && points.length > 2 * SMOOTH_POINTS) {
    return html`${line(points, "faint")}${line(averaged(points, SMOOTH_POINTS), "")}`;
  }
  if (style !== "dots") return line(points, style);
  const dots = points.map((point) =>
    html`
      <circle class="dot ${colorClass(color)}" cx="${px(x.at(point.x))}" cy="${px(y.at(point.y))}" r="3.5">
        <title>${label}, ${point.x}: ${isShare ? percent(point.y) : shortNumber(point.y)}</title>
      </circle>
    `
  );
  return html`${line(points, "")}${dots}`;
}

/** Names beside their colours; of a single line its title says it. */
export function legend(
  entries: readonly { label: string; color: number | "muted"; style?: Series["style"] }[],
): Markup | null {
  if (entries.length < 2) return null;
  const items = entries.map(({ label, color, style }) =>
    html`<li><svg class="key" viewBox="0 0 22 10" aria-hidden="true"><path class="${
      style === "dashed" ? "level" : "line"
    } ${colorClass(color)}" d="M0 5H22"/></svg>${label}</li>`
  );
  return html`<ul class="legend">${items}</ul>`;
}

/** The class that has a colour. */
export function colorClass(color: number | "muted"): string {
  return color === "muted" ? "muted" : `c${color % COLORS}`;
}

/** How many colours a page has. */
export const COLORS = 7;
