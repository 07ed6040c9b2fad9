/**
 * By how much views of photographs change when they are decoded reduced: mean absolute differences, of 255 levels, to
 * the same views decoded in full. Beside them, how much the same views change when their crop is moved by half a pixel
 * of the view. No measurement of time, so a program: `deno run --allow-all bench/decode_difference.ts FOLDER SIZE ...`,
 * with a folder of JPEGs, at any depth, and sides of views.
 *
 * @module
 */
import { Random, randomCrop, RandomViews, type ViewPlan } from "@seed/core";
import { mocoV2View } from "@seed/augmenter-moco-v2";
import moco from "@seed/augmenter-moco-v2";
import { readJpegHeader } from "../core/images/pipeline/jpeg/read_header.ts";
import { reductionFor } from "../core/images/pipeline/reduction.ts";

const MOST_FILES = 1000, VIEWS = 4;
const [folder, ...sides] = Deno.args, files = filesBelow(folder);
const step = Math.max(1, files.length / MOST_FILES);
const chosen = Array.from(
  { length: Math.min(files.length, MOST_FILES) },
  (_, i) => files[Math.floor(i * step)],
);

type Draw = (random: Random, picture: { width: number; height: number }) => ViewPlan;

const cropAlone: Draw = (random, picture) => {
  return { crop: randomCrop(random, picture, [0.2, 1]), flip: random.chance(0.5), operations: [] };
};

console.log(`${chosen.length} JPEGs, ${VIEWS} views each`);
for (const side of sides.map(Number)) {
  const options = moco.options.parse({ size: side });
  const whole: Draw = (random, picture) => mocoV2View(random, picture, options);
  for (const [name, draw] of Object.entries({ "crop alone": cropAlone, "MoCo-v2": whole })) {
    const told = await compare(side, draw);
    for (const [by, { views, reduced, moved, far }] of [...told].sort(([a], [b]) => a - b)) {
      const mean = (sum: number) => (sum / (views * 3 * side * side)).toFixed(2);
      const share = (100 * far / (views * 3 * side * side)).toFixed(2);
      console.log(
        `${side} px, ${name}, 1/${by}: ${views} views, reduced ${mean(reduced)}, ` +
          `more than 16 levels off ${share} %; moved ${mean(moved)}`,
      );
    }
  }
}

/** Sums over the views of a reduction. */
interface Sums {
  views: number;
  reduced: number;
  moved: number;
  /** Values that are more than 16 levels off. */
  far: number;
}

async function compare(side: number, draw: Draw): Promise<Map<number, Sums>> {
  const told = new Map<number, Sums>(), size = { width: side, height: side };
  const movedDraw: Draw = (random, picture) => {
    const plan = draw(random, picture), half = Math.max(1, Math.round(plan.crop.width / side / 2));
    const room = picture.width - plan.crop.width - plan.crop.left >= half ? half : -half;
    return { ...plan, crop: { ...plan.crop, left: Math.max(0, plan.crop.left + room) } };
  };
  for (const file of chosen) {
    const bytes = await Deno.readFile(file), jpeg = readJpegHeader(bytes);
    if (!jpeg) continue;
    for (let view = 0; view < VIEWS; view++) {
      const key = [file.slice(folder.length), view],
        by = reductionFor(jpeg, { ...draw(new Random(...key), jpeg), size });
      const make = (made: Draw, decoding: "exact" | "reduced") =>
        new RandomViews(side, made, decoding).view(bytes, new Random(...key), side);
      const [exact, reduced, moved] = [
        await make(draw, "exact"),
        await make(draw, "reduced"),
        await make(movedDraw, "exact"),
      ];
      const sums = told.get(by) ?? { views: 0, reduced: 0, moved: 0, far: 0 };
      sums.views++;
      exact.forEach((value, i) => {
        const off = Math.abs(value - reduced[i]);
        sums.reduced += off;
        sums.far += off > 16 ? 1 : 0;
        sums.moved += Math.abs(value - moved[i]);
      });
      told.set(by, sums);
    }
  }
  return told;
}

function filesBelow(folder: string): string[] {
  const entries = [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1);
  return entries.flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? filesBelow(path) : /\.jpe?g$/i.test(name) ? [path] : [];
  });
}
