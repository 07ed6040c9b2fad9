import { join } from "node:path";
import sharp from "sharp";
import { pixels, unit } from "../tests/golden/formula.ts";

const USUAL = { width: 500, height: 375 };

/** How many levels the grain goes up and down: files become as large as photographs' of this size are, 50 kB. */
const GRAIN = 12;

/** The grain of larger photographs repeats after so many bytes. */
const MOST_GRAIN = 1 << 22;

/** Draws JPEGs, of 500 x 375 pixels if nothing is said, into a folder: large shapes, and grain like a photograph's. */
export async function drawPhotographs(
  folder: string,
  count: number,
  { width, height } = USUAL,
): Promise<string[]> {
  const files = Array.from({ length: count }, (_, i) => join(folder, `${i}.jpg`));
  for (const [i, file] of files.entries()) {
    const shapes = sharp(pixels(`photograph ${i}`, 1, 64), { raw: { width: 64, height: 64, channels: 3 } });
    const smooth = await shapes.resize(width, height, { fit: "fill" }).raw().toBuffer();
    const grain = unit(`grain ${i}`, Math.min(smooth.length, MOST_GRAIN));
    const grainy = new Uint8ClampedArray(smooth);
    for (let at = 0; at < grainy.length; at++) {
      grainy[at] = smooth[at] + GRAIN * (2 * grain[at % grain.length] - 1);
    }
    const raw = { width, height, channels: 3 } as const;
    await sharp(new Uint8Array(grainy.buffer), { raw }).jpeg({ quality: 90 }).toFile(file);
  }
  return files;
}
