import type { Random } from "../random.ts";

/** A decoded picture: `[height, width, 3]` uint8 RGB, row-major. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** What was drawn for a view, for people to look at: names and values as the augmenter's options have them. */
export interface ViewDescription {
  /** What the view shows of the picture, in the picture's pixels. */
  readonly crop?: {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  };
  readonly [choice: string]: unknown;
}

/**
 * Makes views of pictures. It runs in worker threads, each with an instance of its own made from the same options,
 * and must take every random choice from `random`, whatever the size asked for: one key gives one view, and a
 * teacher and a student can see the same view at two sizes.
 */
export interface Augmenter {
  /** Side of a view in pixels if nobody asks for another. */
  readonly size: number;
  /**
   * @param image The bytes of an encoded picture, or its pixels.
   * @returns `[size, size, 3]` uint8 RGB.
   * @throws {Error} If the bytes are not a picture.
   */
  view(image: Uint8Array | Pixels, random: Random, size: number): Promise<Uint8Array>;
  /**
   * Tells how `view` makes the view of a key of a picture of this size. Draws from `random` what `view` draws, no more
   * and no less. Absent: it tells nothing.
   */
  describe?(picture: Pick<Pixels, "width" | "height">, random: Random): ViewDescription;
}
