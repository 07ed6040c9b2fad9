/**
 * YCbCr to RGB, bit for bit as PIL's `convert("RGB")` and as libtiff does it: both round in ways of their own.
 *
 * @module
 */

/** What a chroma sample adds to each colour, by its value; `>> shift` makes whole numbers of them. */
interface Tables {
  readonly shift: number;
  readonly redOfCr: Int32Array;
  readonly greenOfCr: Int32Array;
  readonly greenOfCb: Int32Array;
  readonly blueOfCb: Int32Array;
}

function tablesOf(shift: number, entry: (chroma: number) => [number, number, number, number]): Tables {
  const entries = Array.from({ length: 256 }, (_, i) => entry(i - 128));
  const column = (c: number) => Int32Array.from(entries, (values) => values[c]);
  return { shift, redOfCr: column(0), greenOfCr: column(1), greenOfCb: column(2), blueOfCb: column(3) };
}

/** libImaging/ConvertYCbCr.c: six bits after the point. */
const PIL = tablesOf(6, (chroma) => {
  const scaled = (factor: number) => Math.trunc(factor * chroma * 64 + 0.5);
  return [scaled(1.402), scaled(-0.71414), scaled(-0.34414), scaled(1.772)];
});

/** libtiff/tif_color.c, TIFFYCbCrToRGBInit, with its usual coefficients: sixteen. */
const LIBTIFF = tablesOf(16, (chroma) => {
  const [red, green, blue] = [0.299, 0.587, 0.114].map(Math.fround), half = 1 << 15;
  const fixed = (factor: number) => Math.trunc(Math.fround(factor) * 65536 + 0.5);
  const [r, b] = [Math.fround(2 - 2 * red), Math.fround(2 - 2 * blue)];
  const ofCr = fixed(r) * chroma, ofCb = fixed(b) * chroma;
  return [
    ...[ofCr + half, -fixed(red * r / green) * chroma] as const,
    ...[-fixed(blue * b / green) * chroma + half, ofCb + half] as const,
  ];
});

/** @param pixels `[pixels, 3]` uint8 YCbCr; becomes RGB. */
export function ycbcrByPil(pixels: Uint8Array): void {
  convert(pixels, PIL);
}

/** @param pixels `[pixels, 3]` uint8 YCbCr; becomes RGB. */
export function ycbcrByLibtiff(pixels: Uint8Array): void {
  convert(pixels, LIBTIFF);
}

function convert(pixels: Uint8Array, { shift, redOfCr, greenOfCr, greenOfCb, blueOfCb }: Tables): void {
  const clamped = new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.length);
  for (let i = 0; i < pixels.length; i += 3) {
    const y = pixels[i], cb = pixels[i + 1], cr = pixels[i + 2];
    clamped[i] = y + (redOfCr[cr] >> shift);
    clamped[i + 1] = y + ((greenOfCb[cb] + greenOfCr[cr]) >> shift);
    clamped[i + 2] = y + (blueOfCb[cb] >> shift);
  }
}
