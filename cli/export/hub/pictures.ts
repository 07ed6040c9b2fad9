import { centerView, type ImageReference, type ImageSet, loadImage, quoted, RunError } from "@seed/core";
import { BrokenImageError, type Host } from "@seed/core/host";
import { openImageFolder } from "@seed/data-image-folder";

/** Most pictures that calibrate, and most that measure. */
const MOST_CALIBRATING = 64, MOST_MEASURED = 512;
/** With fewer a share of them says nothing. */
const LEAST = 8;

/** Pictures that the loss of smaller files is found with; those that calibrate measure nothing. */
export interface Pictures {
  readonly root: string;
  readonly calibrating: readonly ImageReference[];
  readonly measured: readonly ImageReference[];
  /** Class of each measured picture; null if the folder has no classes. */
  readonly labels: Int32Array | null;
}

/**
 * The pictures of a folder, evenly taken; folders in it are classes.
 *
 * @throws {RunError} If there is no such folder, or it has fewer than 8 pictures.
 */
export async function openPictures(root: string, { log }: Host): Promise<Pictures> {
  const { train: images } = await openImageFolder(root, { option: "--images", splits: "none", log });
  if (images.length < LEAST) {
    throw new RunError(
      `--images ${
        quoted(root, 300)
      } has ${images.length} pictures, expected ${LEAST} or more: some find the ranges ` +
        "of 8-bit values, the others measure what is lost",
    );
  }
  const calibrating = evenly(images.length, Math.min(MOST_CALIBRATING, Math.ceil(images.length / 4)));
  const taken = new Set(calibrating);
  const others = Array.from({ length: images.length }, (_, i) => i).filter((i) => !taken.has(i));
  const measured = evenly(others.length, Math.min(MOST_MEASURED, others.length)).map((i) => others[i]);
  const at = (indices: readonly number[]) => indices.map((i) => images.image(i));
  return { root, calibrating: at(calibrating), measured: at(measured), labels: labelsOf(images, measured) };
}

/** Of one class alone nothing can be told apart. */
function labelsOf(images: ImageSet, indices: readonly number[]): Int32Array | null {
  if (!images.label || images.classNames!.length < 2) return null;
  return Int32Array.from(indices, (i) => images.label!(i));
}

/** `count` of `length` indices, as far apart as can be. */
function evenly(length: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor((i + 0.5) * length / count));
}

/**
 * What `embed` shows a network of a picture.
 *
 * @returns `[size, size, 3]` uint8 RGB.
 * @throws {BrokenImageError} If it cannot be read.
 */
export async function viewOf(image: ImageReference, size: number): Promise<Uint8Array> {
  return await ofImage(image, async () => await centerView(await loadImage(image), size));
}

/** Runs what is made of an image, whose name is in the error if it fails. */
export async function ofImage<T>(image: ImageReference, make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof RunError) throw error;
    throw BrokenImageError.of(image, (error as Error).message);
  }
}
