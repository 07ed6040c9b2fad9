import type { ObjectiveResult } from "../interfaces/objective.ts";
import { tf } from "../tf.ts";
import type { LossTerm } from "./loss_terms.ts";

/**
 * The rows of a term's that go into its queue; null if there are none.
 *
 * @param rows Rows of the passes that the objective saw: of patches, which are one pass, all of an image's.
 * @param images Images of the batch: of several patches of an image the first goes into the queue.
 * @throws {Error} If the objective returns other rows than it says.
 */
export function rowsToEnqueue(
  { name, needs, queue }: LossTerm,
  { enqueue }: ObjectiveResult,
  rows: number,
  images: number,
): tf.Tensor2D | null {
  if (!enqueue) return null;
  const wrong = (problem: string) => new Error(`The objective of the loss "${name}" ${problem}`);
  if (!queue) throw wrong("returns rows to enqueue, but its needs() say `queue: false`");
  const expected = rows * needs.rowsPerImage;
  if (enqueue.shape[0] !== expected) {
    throw wrong(
      `returns ${enqueue.shape[0]} rows to enqueue for ${rows} images, expected ${expected}; ` +
        "set `rowsPerImage` in its needs()",
    );
  }
  return rows > images ? tf.slice(enqueue, [0, 0], [images, -1]) : enqueue;
}
