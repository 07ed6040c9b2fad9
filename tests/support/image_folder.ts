import sharp from "sharp";
import { Random } from "@seed/core";

/**
 * Makes a folder of small pictures by class, as the image-folder plugin reads it: every class has a pattern, every
 * picture a phase, a size and some noise of its own.
 *
 * @param counts Pictures a class, by split, for example `{ train: 20, val: 4 }`.
 */
export async function makeImageFolder(
  root: string,
  counts: Record<string, number>,
  classes = ["circles", "rows", "stripes"],
): Promise<void> {
  for (const [split, count] of Object.entries(counts)) {
    for (const [c, name] of classes.entries()) {
      await Deno.mkdir(`${root}/${split}/${name}`, { recursive: true });
      for (let i = 0; i < count; i++) await draw(`${root}/${split}/${name}/${i}.png`, c, `${split} ${i}`);
    }
  }
}

async function draw(path: string, pattern: number, name: string): Promise<void> {
  const random = new Random(pattern, name);
  const width = 32 + random.below(16), height = 32 + random.below(16), phase = random.uniform(0, 6);
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const t = [Math.hypot(x - width / 2, y - height / 2), y, x][pattern % 3];
      for (let c = 0; c < 3; c++) {
        pixels[(y * width + x) * 3 + c] = 128 + 80 * Math.sin(t / 2 + phase + c) + random.uniform(-40, 40);
      }
    }
  }
  await sharp(pixels, { raw: { width, height, channels: 3 } }).png().toFile(path);
}
