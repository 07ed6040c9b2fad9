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
  const all = sets.flatMap((set) => drawn(set)).slice(0, MOST), started = performance.now();
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

/** The images of a set in an order that is drawn; of very many, some. */
function drawn(set: ImageSet): ImageReference[] {
  const order = new Random("sample").permutation(set.length).subarray(0, MOST);
  return Array.from(order, (i) => set.image(i));
}

/** The short side in pixels; what does not decode throws. */
async function sideOf(image: ImageReference): Promise<number> {
  const loaded = await loadImage(image);
  const { width, height } = loaded instanceof Uint8Array ? await decode(loaded) : loaded;
  return Math.min(width, height);
}
