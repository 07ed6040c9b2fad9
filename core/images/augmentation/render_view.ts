import type { Pixels } from "../../interfaces/augmenter.ts";
import { pixelsOf, resample, type Window } from "../pipeline/planes.ts";
import { BILINEAR } from "../pipeline/resample.ts";
import { type Rows, rowsOf } from "../pipeline/rows.ts";
import { applyOperation, type Operation } from "./operations.ts";

/** How a view is made of a picture: what is random about it is decided. */
export interface ViewPlan {
  /** The part of the picture that is shown. */
  readonly crop: Window;
  /** Left and right change places. */
  readonly flip: boolean;
  /** What is done to the pixels, in this order. */
  readonly operations: readonly Operation[];
}

/**
 * Makes a view, pixel for pixel as torchvision's transforms make it of a PIL image: the crop is resized (bilinear,
 * antialiased), then the operations follow. When it is flipped makes no difference to them.
 *
 * @returns `[size, size, 3]` uint8 RGB.
 * @throws {RunError} If a blur is of more than 125 pixels.
 *
 * @example
 * ```ts
 * import { renderView } from "@seed/core";
 * import assert from "node:assert/strict";
 *
 * const picture = { data: Uint8Array.of(255, 0, 0, 0, 0, 255), width: 2, height: 1 }; // red and blue
 * const crop = { left: 1, top: 0, width: 1, height: 1 };
 * const view = renderView(picture, { crop, flip: false, operations: [{ kind: "grayscale" }] }, 1);
 * assert.deepEqual([...view], [29, 29, 29]); // 0.114 of blue
 * ```
 */
export function renderView(picture: Pixels, plan: ViewPlan, size: number): Uint8Array {
  return renderRows(rowsOf(picture), plan, size);
}

/** The same, of a picture that the kernels have; its crop is enough. */
export function renderRows(picture: Rows, { crop, flip, operations }: ViewPlan, size: number): Uint8Array {
  const square = { width: size, height: size };
  const window = { ...square, left: 0, top: 0 };
  const planes = resample(picture, BILINEAR, { crop, size: square, window, mirrored: flip });
  for (const operation of operations) applyOperation(operation, planes);
  return pixelsOf(planes);
}
