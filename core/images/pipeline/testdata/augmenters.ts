/**
 * Augmenters for tests of the pipeline: views of one colour, and ways to go wrong.
 *
 * @module
 */
import { z } from "zod";
import type { Augmenter, Pixels } from "../../../interfaces/augmenter.ts";
import { definePlugin } from "../../../interfaces/plugin.ts";
import { RandomViews } from "../../augmentation/random_views.ts";
import { Arena } from "../kernels/arena.ts";
import type { Random } from "../../../random.ts";

type View = (image: Uint8Array | Pixels, random: Random, size: number) => Promise<Uint8Array>;

function augmenter(view: View) {
  return definePlugin({
    kind: "augmenter",
    name: "test-augmenter",
    apiVersion: 1,
    about: { summary: "For tests" },
    options: z.strictObject({}),
    create: (): Augmenter => ({ size: 4, view }),
  });
}

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The image's first byte, then random bytes; later images are done sooner, so that order is put to the test. */
const first = (image: Uint8Array | Pixels) => (image instanceof Uint8Array ? image : image.data)[0];

export default augmenter(async (image, random, size) => {
  const view = Uint8Array.from({ length: size * size * 3 }, () => random.below(256));
  view[0] = first(image);
  await sleep(Math.max(0, 20 - first(image)));
  return view;
});

/** Black. */
export const blank = augmenter((_image, _random, size) => Promise.resolve(new Uint8Array(size * size * 3)));

/** Never done: what was asked for can be counted. */
export const stuck = augmenter(() => new Promise(() => {}));

let underWay = 0;

/** All bytes say how many views the worker had under way when it began this one. */
export const counting = augmenter(async (_image, _random, size) => {
  const view = new Uint8Array(size * size * 3).fill(++underWay);
  await sleep(1);
  underWay--;
  return view;
});

/** A view of another size than was asked for. */
export const wrongSize = augmenter((_image, _random, size) => Promise.resolve(new Uint8Array(size * size)));

/** Asks for a blur that nobody can make, whatever the picture. */
export const blursTooMuch = augmenter(async (image, random, size) => {
  const operations = [{ kind: "blur", sigma: 1000 } as const];
  const plan = () => ({ crop: { left: 0, top: 0, width: 1, height: 1 }, flip: false, operations });
  return await new RandomViews(size, plan).view(image, random, size);
});

/** Throws something that is no error. */
export const throwsText = augmenter(() => Promise.reject("no error object"));

/** Dies at once of an image whose first byte is 3, from where nothing can catch it; other views take a while. */
export const dies = augmenter(async (image, _random, size) => {
  if (first(image) === 3) setTimeout(() => Promise.reject(new Error("Out of luck")), 0);
  await sleep(first(image) === 3 ? 60_000 : 30);
  return new Uint8Array(size * size * 3);
});

/** Dies of the image whose first byte is 3, at the first time: the file of the second's name tells of it. */
export const diesOnce = augmenter(async (image, random, size) => {
  const once = Deno.env.get("SEED_TEST_DIED")!;
  if (first(image) === 3 && !await Deno.stat(once).catch(() => null)) {
    await Deno.writeTextFile(once, "");
    setTimeout(() => Promise.reject(new Error("Out of luck")), 0);
    await sleep(60_000);
  }
  return Uint8Array.from({ length: size * size * 3 }, () => random.below(256));
});

/** Says what its context holds, and when its signal aborts. */
export const tellsContext = definePlugin({
  ...augmenter((_image, _random, size) => Promise.resolve(new Uint8Array(size * size * 3))),
  create: (_options, { seed, cacheDir, resolve, log, signal }): Augmenter => {
    log(JSON.stringify({ seed, cacheDir, resolved: ["a", "../b", "/c"].map(resolve) }));
    const tell = () => log(`aborted: ${(signal.reason as Error).message}`);
    if (signal.aborted) tell();
    signal.addEventListener("abort", tell);
    return { size: 4, view: (_image, _random, size) => Promise.resolve(new Uint8Array(size * size * 3)) };
  },
});

/** Computes without a pause. */
export const hangs = augmenter(() => {
  for (;;);
});

/** Computes without a pause at the image whose first byte is 3; others are white. */
export const hangsAtThree = augmenter((image, _random, size) => {
  if (first(image) === 3) { for (;;); }
  return Promise.resolve(new Uint8Array(size * size * 3).fill(255));
});

let made = 0;

/** All bytes say how many views this worker has made; of the image whose first byte is 3 by the kernels' memory. */
export const bloats = augmenter((image, _random, size) => {
  if (first(image) === 3) new Arena().take(2 ** 28);
  return Promise.resolve(new Uint8Array(size * size * 3).fill(++made));
});

export const cannotBeMade = definePlugin({
  ...augmenter(() => Promise.reject(new Error("unused"))),
  create: (): Augmenter => {
    throw new Error("No such table of colours");
  },
});
