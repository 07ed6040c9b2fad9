/**
 * Colour operations on `[height, width, 3]` uint8 RGB pixels, in place, with PIL's arithmetic: results are rounded
 * to bytes after each, as torchvision's are on PIL images.
 *
 * @module
 */
import type { ViewParameters } from "./parameters.ts";

/** torchvision's `ColorJitter`. */
export function jitterColors(pixels: Uint8Array, jitter: NonNullable<ViewParameters["jitter"]>): void {
  for (const step of jitter.order) {
    if (step === "brightness") adjustBrightness(pixels, jitter.brightness);
    else if (step === "contrast") adjustContrast(pixels, jitter.contrast);
    else if (step === "saturation") adjustSaturation(pixels, jitter.saturation);
    else adjustHue(pixels, jitter.hue);
  }
}

/** Blends with black. */
export function adjustBrightness(pixels: Uint8Array, factor: number): void {
  applyTable(pixels, (value) => value * factor);
}

/** Blends with the picture's mean lightness. */
export function adjustContrast(pixels: Uint8Array, factor: number): void {
  let sum = 0;
  for (let i = 0; i < pixels.length; i += 3) sum += luma(pixels, i);
  const mean = Math.floor(sum / (pixels.length / 3) + 0.5);
  applyTable(pixels, (value) => mean + (value - mean) * factor);
}

/** Blends with each pixel's lightness. */
export function adjustSaturation(pixels: Uint8Array, factor: number): void {
  for (let i = 0; i < pixels.length; i += 3) {
    const gray = luma(pixels, i);
    for (let c = i; c < i + 3; c++) pixels[c] = clamp(gray + (pixels[c] - gray) * factor);
  }
}

/** Turns the hue by `shift` of a full turn, through PIL's 8-bit HSV. */
export function adjustHue(pixels: Uint8Array, shift: number): void {
  const turn = Math.trunc(shift * 255) & 255;
  for (let i = 0; i < pixels.length; i += 3) {
    const r = pixels[i], g = pixels[i + 1], b = pixels[i + 2];
    const max = r > g ? (r > b ? r : b) : (g > b ? g : b), min = r < g ? (r < b ? r : b) : (g < b ? g : b);
    if (max === min) continue; // a gray has no hue
    const range = max - min;
    const h = max === r ? (g - b) / range : max === g ? 2 + (b - r) / range : 4 + (r - g) / range;
    const hue = ((((h / 6) % 1 + 1) % 1 * 255) + turn) & 255;
    const saturation = Math.trunc(range * 255 / max);
    fromHsv(pixels, i, hue, saturation, max);
  }
}

/** Replaces colours by lightness. */
export function toGrayscale(pixels: Uint8Array): void {
  for (let i = 0; i < pixels.length; i += 3) pixels[i] = pixels[i + 1] = pixels[i + 2] = luma(pixels, i);
}

/** ITU-R 601 lightness in PIL's integer arithmetic. */
function luma(pixels: Uint8Array, i: number): number {
  return (pixels[i] * 19595 + pixels[i + 1] * 38470 + pixels[i + 2] * 7471 + 0x8000) >> 16;
}

function fromHsv(pixels: Uint8Array, i: number, hue: number, saturation: number, value: number): void {
  const position = hue * 6 / 255, sector = Math.floor(position), f = position - sector, s = saturation / 255;
  const p = Math.round(value * (1 - s)),
    q = Math.round(value * (1 - s * f)),
    t = Math.round(value * (1 - s * (1 - f)));
  switch (sector % 6) {
    case 0:
      return set(pixels, i, value, t, p);
    case 1:
      return set(pixels, i, q, value, p);
    case 2:
      return set(pixels, i, p, value, t);
    case 3:
      return set(pixels, i, p, q, value);
    case 4:
      return set(pixels, i, t, p, value);
    default:
      return set(pixels, i, value, p, q);
  }
}

function set(pixels: Uint8Array, i: number, r: number, g: number, b: number): void {
  pixels[i] = r;
  pixels[i + 1] = g;
  pixels[i + 2] = b;
}

function clamp(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value | 0; // PIL truncates
}

function applyTable(pixels: Uint8Array, f: (value: number) => number): void {
  const table = Uint8Array.from({ length: 256 }, (_, value) => clamp(f(value)));
  for (let i = 0; i < pixels.length; i++) pixels[i] = table[pixels[i]];
}
