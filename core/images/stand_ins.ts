import { RunError } from "../errors.ts";

/**
 * What is shown in the place of training images that cannot be read: the next one of the listing that can be, after
 * the last the first. So a listing keeps its length, its order and its epochs, and a run that goes on without an image
 * takes the very steps of one that never had it.
 */
export class StandIns {
  /** By image that cannot be read. */
  readonly #standIns = new Map<number, number>();
  /** Images that can be read. */
  readonly readable: number;

  /**
   * @param images Length of the listing.
   * @param broken Images of it that cannot be read, ascending.
   * @throws {RunError} If no image can be read.
   */
  constructor(images: number, readonly broken: readonly number[] = []) {
    this.readable = images - broken.length;
    if (broken.length && this.readable === 0) {
      throw new RunError(`None of the ${images} images to train on can be read; look at data.root`);
    }
    const cannot = new Set(broken);
    for (const image of broken.toReversed()) {
      let next = (image + 1) % images;
      while (cannot.has(next)) next = this.#standIns.get(next) ?? (next + 1) % images;
      this.#standIns.set(image, next);
    }
  }

  /** The image that is shown for an image: itself, if it can be read. */
  of(image: number): number {
    return this.#standIns.get(image) ?? image;
  }
}
