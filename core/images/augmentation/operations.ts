import { AugmenterError } from "../augmenter_error.ts";
import { roundUp } from "../pipeline/kernels/arena.ts";
import { blend, boxBlur, grayscale, hue, lumaSum, saturate } from "../pipeline/kernels/kernels.wasm";
import type { Planes } from "../pipeline/planes.ts";

/** Something done to a view's pixels, in PIL's arithmetic, as torchvision does it to PIL images. */
export type Operation =
  /** Blends with black. */
  | { readonly kind: "brightness"; readonly factor: number }
  /** Blends with the picture's mean lightness. */
  | { readonly kind: "contrast"; readonly factor: number }
  /** Blends with each pixel's lightness. */
  | { readonly kind: "saturation"; readonly factor: number }
  /** Turns the hue, by a share of a full turn, through PIL's 8-bit HSV. */
  | { readonly kind: "hue"; readonly shift: number }
  /** Replaces colours by lightness. */
  | { readonly kind: "grayscale" }
  /** PIL's `GaussianBlur`; deviation in pixels. */
  | { readonly kind: "blur"; readonly sigma: number };

/** Applies an operation in place. */
export function applyOperation(operation: Operation, planes: Planes): void {
  const { at, plane } = planes;
  if (operation.kind === "brightness") return blend(at, 3 * plane, 0, operation.factor);
  if (operation.kind === "contrast") return blend(at, 3 * plane, meanLightness(planes), operation.factor);
  if (operation.kind === "saturation") return saturate(at, plane, plane, operation.factor);
  if (operation.kind === "hue") return hue(at, plane, plane, Math.trunc(operation.shift * 255) & 255);
  if (operation.kind === "grayscale") return grayscale(at, plane, plane);
  blur(planes, operation.sigma);
}

function meanLightness({ at, stride, plane, width, height }: Planes): number {
  return Math.floor(lumaSum(at, stride, plane, width, height) / (width * height) + 0.5);
}

/** The kernels add up 16-bit numbers. */
const MAX_BOX_RADIUS = 127;
/** The deviation in pixels that this allows, about: for messages. */
export const MOST_BLUR = 125;

/** Whether a blur of so many pixels can be made: of up to about {@link MOST_BLUR}. */
export function canBlur(sigma: number): boolean {
  return Math.trunc(boxRadius(sigma)) <= MAX_BOX_RADIUS;
}

/** @throws {AugmenterError} If {@link canBlur} says no. */
function blur({ arena, at, stride, plane, width, height }: Planes, sigma: number): void {
  const box = boxRadius(sigma), radius = Math.trunc(box);
  if (box === 0) return;
  if (!canBlur(sigma)) {
    throw new AugmenterError(
      `A blur of ${sigma} pixels was asked for, expected at most ${MOST_BLUR}. Lower "blur.sigma"`,
    );
  }
  const weight = Math.trunc(Math.fround(ONE / Math.fround(2 * box + 1)));
  const farWeight = (ONE - (2 * radius + 1) * weight) >> 1;
  const line = roundUp(Math.max(width, 16 * height) + 32 * (radius + 1) + 16), scratch = arena.take(2 * line);
  for (let c = 0; c < 3; c++) {
    boxBlur(at + c * plane, stride, width, height, radius, weight, farWeight, scratch, line);
  }
}

const ONE = 1 << 24;

/**
 * Radius of the boxes, three of which one after the other have the deviation of a Gaussian, with its fraction
 * (Gwosdek et al., 2011), in float32 as Pillow has it.
 */
function boxRadius(sigma: number): number {
  const float = Math.fround, radius = float(sigma), variance = float(float(radius * radius) / 3);
  const length = float(Math.sqrt(12 * variance + 1)), whole = Math.floor((length - 1) / 2);
  const above = float((2 * whole + 1) * float(whole * (whole + 1) - float(3 * variance)));
  return float(whole + float(above / float(6 * float(variance - (whole + 1) ** 2))));
}
