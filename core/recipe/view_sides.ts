/**
 * Sides that a teacher sees views at, full ones and patches: one that sees views larger sees patches larger in
 * proportion.
 *
 * @param sides Of the augmenters, the full views' first.
 * @param inputSize What the teacher wants to see; null: the augmenters' own.
 */
export function teacherSides(sides: readonly number[], inputSize: number | null): number[] {
  const [full] = sides, scale = (inputSize ?? full) / full;
  return sides.map((side) => Math.round(side * scale));
}
