import { RunError } from "../errors.ts";
import type { Parameter } from "../interfaces/student.ts";

/** A loss or a gradient that is no number; the message says which. */
export class NotFiniteError extends RunError {}

/**
 * What is wrong with a loss or the gradients, if anything is.
 *
 * @param squares The sum of squares of each gradient.
 */
export function notFinite(loss: number, squares: Float32Array, trained: readonly Parameter[]): string | null {
  const broken = trained.filter((_, i) => !Number.isFinite(squares[i]));
  if (Number.isFinite(loss) && broken.length === 0) return null;
  if (broken.length === 0) return `the loss is "${loss}"`;
  const whose = trained.length === broken.length ? "every weight" : `"${broken[0].name}"`;
  const others = broken.length > 1 && trained.length > broken.length ? ` and ${broken.length - 1} more` : "";
  const lossToo = Number.isFinite(loss) ? " is not finite" : ` is not finite, and the loss is "${loss}"`;
  return `the gradient of ${whose}${others}${lossToo}`;
}
