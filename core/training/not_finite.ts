import { RunError } from "../errors.ts";
import { rowsNotFinite } from "../finite_rows.ts";
import type { Parameter } from "../interfaces/student.ts";
import { tf } from "../tf.ts";
import type { Snapshot } from "./snapshot.ts";

/** A loss or a gradient that is no number; the message says which, and where it comes from. */
export class NotFiniteError extends RunError {
  /** @param advice What to do about it. */
  constructor(message: string, readonly advice: string) {
    super(message);
  }

  /** The same, telling the step that went wrong, counted from 1. */
  at(step: number): NotFiniteError {
    return new NotFiniteError(`Step ${step} went wrong: ${this.message}`, this.advice);
  }
}

/**
 * Where a loss that is no number comes from: what the teacher made, the weights that the step began with, or the step.
 *
 * @param taught The teacher's embeddings and maps, of an image each along the first axis.
 * @param before What the step changes, as it was.
 * @param changed What of it is looked at.
 */
export async function originOfNotFinite(
  taught: readonly tf.Tensor[],
  before: Snapshot,
  changed: readonly Parameter[],
): Promise<{ origin: string; advice: string } | null> {
  for (const rows of taught) {
    const broken = await notFiniteRows(rows), [count] = rows.shape;
    if (!broken) continue;
    return {
      origin: `the teacher's ${
        rows.rank > 2 ? "maps" : "embeddings"
      } of ${broken} of ${count} images are not finite`,
      advice: "look at the teacher's weights, its preprocessing and its precision",
    };
  }
  for (const { name, variable } of changed) {
    const value = before.valueOf(variable);
    if (value.dtype === "float32" && await notFiniteRows(tf.reshape(value, [1, -1]), true)) {
      return {
        origin: `"${name}" was not finite before the step already`,
        advice: "begin again from a checkpoint before, with a lower train.lr",
      };
    }
  }
  return null;
}

async function notFiniteRows(rows: tf.Tensor, dispose = false): Promise<number> {
  const values = await rows.data(), dim = rows.size / rows.shape[0];
  if (dispose) rows.dispose();
  return rowsNotFinite(values, dim).length;
}

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
