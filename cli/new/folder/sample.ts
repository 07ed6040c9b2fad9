import { type ImageReference, type ImageSet, loadImage, ProgressLine, Random } from "@seed/core";
import { decode, type Host } from "@seed/core/host";

/** Pictures that were read, and what came of it. */
export interface Sample {
  /** Read, of both sets. */
  readonly looked: number;
  /** Read without an error. */
  readonly whole: readonly ImageReference[];
  readonly broken: readonly { readonly name: string; readonly message: string }[];
  /** Short sides of those that are whole, in pixels, ascending. */
  readonly sides: readonly number[];
  /** That reading one took, on average. */
  readonly secondsEach: number;
}

/** Pictures that are read together, and at most in all. */
const AT_ONCE = 8, MOST = 5000;

/**
 * Reads pictures: all of them, or so many of a large folder as can be read in a time, drawn at random.
 *
 * @param seconds After which no more are read.
 */
export async function readSome(
  sets: readonly ImageSet[],
  { signal }: Pick<Host, "signal">,
  seconds: number,
): Promise<Sample> {
  const all = drawn(sets), started = performance.now();
  using progress = new ProgressLine("Reading", { total: all.length, unit: "pictures" });
  const whole: ImageReference[] = [], broken: { name: string; message: string }[] = [], sides: number[] = [];
  let looked = 0;
  while (looked < all.length && performance.now() - started < 1000 * seconds) {
    signal.throwIfAborted();
    const some = all.slice(looked, looked + AT_ONCE), found = await Promise.allSettled(some.map(sideOf));
    found.forEach((result, i) => {
      if (result.status === "rejected") {
        broken.push({ name: some[i].name, message: (result.reason as Error).message });
        return;
      }
      whole.push(some[i]);
      sides.push(result.value);
    });
    looked += some.length;
    progress.update(looked);
  }
  const secondsEach = (performance.now() - started) / 1000 / Math.max(1, looked);
  return { looked, whole, broken, sides: sides.sort((a, b) => a - b), secondsEach };
}

/** The images of all sets in one order that is drawn; of very many, some. */
function drawn(sets: readonly ImageSet[]): ImageReference[] {
  const firsts = sets.map((_, i) => sets.slice(0, i).reduce((sum, { length }) => sum + length, 0));
  const images = sets.reduce((sum, { length }) => sum + length, 0);
  return Array.from(new Random("sample").permutation(images).subarray(0, MOST), (number) => {
    const set = firsts.findLastIndex((first) => first <= number);
    return sets[set].image(number - firsts[set]);
  });
}

/** The short side in pixels; what does not decode throws. */
async function sideOf(image: ImageReference): Promise<number> {
  const loaded = await loadImage(image);
  const { width, height } = loaded instanceof Uint8Array ? await decode(loaded) : loaded;
  return Math.min(width, height);
}
