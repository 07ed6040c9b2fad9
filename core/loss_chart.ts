/** One step's loss. */
export interface Point {
  x: number;
  y: number;
}

const WIDTH = 800, HEIGHT = 320, LEFT = 56, BOTTOM = 32, TOP = 12, RIGHT = 12;
/** More points than pixels show nothing more: steps are averaged to this many. */
const MAX_POINTS = 400;

/** The loss over the steps as an SVG: each point the mean of the steps around it. */
export function lossChart(losses: readonly Point[]): string {
  const points = averaged(losses);
  if (points.length === 0) return "<p>No steps</p>";
  const [low, high] = range(points.map(({ y }) => y)), last = Math.max(2, points.at(-1)!.x);
  const x = (step: number) => LEFT + (WIDTH - LEFT - RIGHT) * (step - 1) / (last - 1);
  const y = (loss: number) => TOP + (HEIGHT - TOP - BOTTOM) * (high - loss) / (high - low);
  const line = points.map((point) => `${x(point.x).toFixed(1)},${y(point.y).toFixed(1)}`).join(" ");
  const levels = Array.from({ length: 5 }, (_, i) => low + (high - low) * i / 4);
  const grid = levels.map((level) =>
    `<path d="M${LEFT} ${y(level).toFixed(1)}H${WIDTH - RIGHT}" stroke="#ddd"/>` +
    `<text x="${LEFT - 6}" y="${(y(level) + 4).toFixed(1)}" text-anchor="end">${level.toFixed(2)}</text>`
  );
  const steps = [1, Math.round(last / 2), last].map((step) =>
    `<text x="${x(step).toFixed(1)}" y="${HEIGHT - 10}" text-anchor="middle">${step}</text>`
  );
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" font-size="12" fill="#555" role="img" aria-label="Loss by step">
${grid.join("\n")}
${steps.join("\n")}
<polyline points="${line}" fill="none" stroke="#07c" stroke-width="1.5"/>
</svg>`;
}

function averaged(points: readonly Point[]): Point[] {
  const size = Math.ceil(points.length / MAX_POINTS);
  return Array.from({ length: Math.ceil(points.length / Math.max(1, size)) }, (_, i) => {
    const group = points.slice(i * size, (i + 1) * size);
    const mean = (of: (point: Point) => number) =>
      group.reduce((sum, point) => sum + of(point), 0) / group.length;
    return { x: mean(({ x }) => x), y: mean(({ y }) => y) };
  });
}

/** Never empty: a constant loss is in the middle. */
function range(values: readonly number[]): [number, number] {
  const low = Math.min(...values), high = Math.max(...values);
  return high > low ? [low, high] : [low - 0.5, high + 0.5];
}
