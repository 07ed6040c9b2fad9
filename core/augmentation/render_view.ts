import type { Pixels } from "../augmenter.ts";
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
