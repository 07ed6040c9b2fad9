/**
 * CMYK to RGB by PIL's `convert("RGB")`, which knows no inks: each colour is what its ink and black leave.
 *
 * @param inks `[pixels, channels]` uint8, 255 is full ink; channels after the fourth are passed over.
 * @returns `[pixels, 3]` uint8 RGB.
 */
export function cmykToRgb(inks: Uint8Array, channels: number): Uint8Array {
  const pixels = new Uint8Array(3 * inks.length / channels);
  for (let from = 0, to = 0; from < inks.length; from += channels) {
    const light = 255 - inks[from + 3];
    for (let c = 0; c < 3; c++) pixels[to++] = Math.max(0, light - productOf(inks[from + c], light));
  }
  return pixels;
}

/** `a * b / 255`, rounded as PIL rounds it. */
function productOf(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}
