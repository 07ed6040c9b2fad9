import { join } from "node:path";
import sharp from "sharp";
import { pixels, unit } from "../tests/golden/formula.ts";

const WIDTH = 500, HEIGHT = 375;

/** How many levels the grain goes up and down: files become as large as photographs' of this size are, 50 kB. */
const GRAIN = 12;

/** Draws JPEGs of 500 x 375 pixels into a folder: large shapes, and grain like a photograph's. */
export async function drawPhotographs(folder: string, count: number): Promise<string[]> {
  const files = Array.from({ length: count }, (_, i) => join(folder, `${i}.jpg`));
  for (const [i, file] of files.entries()) {
    const shapes = sharp(pixels(`photograph ${i}`, 1, 64), { raw: { width: 64, height: 64, channels: 3 } });
    const smooth = await shapes.resize(WIDTH, HEIGHT, { fit: "fill" }).raw().toBuffer();
    const grain = unit(`grain ${i}`, smooth.length);
    const grainy = Uint8ClampedArray.from(smooth, (value, at) => value + GRAIN * (2 * grain[at] - 1));
    const raw = { width: WIDTH, height: HEIGHT, channels: 3 } as const;
    await sharp(new Uint8Array(grainy.buffer), { raw }).jpeg({ quality: 90 }).toFile(file);
  }
  return files;
}
