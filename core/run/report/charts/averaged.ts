/** A number at a step. */
export interface Point {
  x: number;
  y: number;
}

/** At most so many points: each the mean of as many neighbours. Those that are no numbers are left out. */
export function averaged(points: readonly Point[], most: number): Point[] {
  const finite = points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  const size = Math.ceil(finite.length / most);
  return Array.from({ length: Math.ceil(finite.length / Math.max(1, size)) }, (_, i) => {
    const group = finite.slice(i * size, (i + 1) * size);
    const mean = (of: (point: Point) => number) =>
      group.reduce((sum, one) => sum + of(one), 0) / group.length;
    return { x: mean(({ x }) => x), y: mean(({ y }) => y) };
  });
}
