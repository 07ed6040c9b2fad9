import type { Augmenter, Pixels, ViewDescription } from "../../interfaces/augmenter.ts";
import { fromPicture } from "../pipeline/from_picture.ts";
import type { Size, Window } from "../pipeline/planes.ts";
import { type Decoding, mostReduction, reduceWindow, type Reduction } from "../pipeline/reduction.ts";
import type { Random } from "../../random.ts";
import type { Operation } from "./operations.ts";
import { renderRows, type ViewPlan } from "./render_view.ts";

/**
 * An augmenter that decides on all that is random about a view, and then makes it.
 *
 * @example Crops that are blurred half of the time
 * ```ts
 * import { Random, randomCrop, RandomViews } from "@seed/core";
 * import assert from "node:assert/strict";
 *
 * const augmenter = new RandomViews(32, (random, picture) => ({
 *   crop: randomCrop(random, picture, [0.2, 1]),
 *   flip: random.chance(0.5),
 *   operations: random.chance(0.5) ? [{ kind: "blur", sigma: 1 }] : [],
 * }));
 *
 * const picture = { data: new Uint8Array(3 * 50 * 40).fill(255), width: 50, height: 40 };
 * const view = await augmenter.view(picture, new Random(0, "view", 7), 32);
 * assert.deepEqual(view, new Uint8Array(3 * 32 * 32).fill(255));
 * ```
 */
export class RandomViews implements Augmenter {
  /**
   * @param size Side of a view in pixels if nobody asks for another.
   * @param plan Draws a view of a picture. It does not know the size that the view is made at; a blur is meant for a
   *   view of `size`.
   * @param decoding `reduced`: of a JPEG that is much larger than the view, fewer pixels are decoded; what is drawn stays
   *   the same, the pixels are others.
   */
  constructor(
    readonly size: number,
    private readonly plan: (random: Random, picture: Size) => ViewPlan,
    private readonly decoding: Decoding = "exact",
  ) {}

  async view(image: Uint8Array | Pixels, random: Random, size: number): Promise<Uint8Array> {
    const square = { width: size, height: size };
    const planOf = (picture: Size) => {
      const plan = this.plan(random, picture);
      return { ...plan, size: square, used: (by: Reduction) => reduceWindow(plan.crop, by) };
    };
    return await fromPicture(image, {
      planOf,
      make: (rows, { operations, ...plan }) => {
        const resized = operations.map((operation) => scaled(operation, size / this.size));
        return renderRows(rows, { ...plan, operations: resized }, size);
      },
      decoding: this.decoding,
    });
  }

  /** The crop, whether it is flipped, and the operations in their order with what was drawn for each. */
  describe(picture: Size, random: Random): ViewDescription {
    const { crop, flip, operations } = this.plan(random, picture);
    const drawn = operations.map(({ kind, ...value }) => [kind, Object.values(value)[0] ?? true]);
    const told = { crop, flip, operations: operations.map(({ kind }) => kind), ...Object.fromEntries(drawn) };
    return this.decoding === "exact" ? told : { ...told, decode: this.#reductionOf(crop) };
  }

  /** What the crop allows; the picture's format may not. */
  #reductionOf(crop: Window): string {
    const by = mostReduction({ crop, size: { width: this.size, height: this.size } });
    return by === 1 ? "exact" : `reduced, a JPEG to 1/${by} at the most`;
  }
}

/** The same view at another size is blurred as much. */
function scaled(operation: Operation, share: number): Operation {
  return operation.kind === "blur" ? { ...operation, sigma: operation.sigma * share } : operation;
}
