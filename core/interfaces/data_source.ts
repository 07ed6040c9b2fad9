/** Pixels that lie in a file as they are, uint8. */
export interface RawPixels {
  readonly width: number;
  readonly height: number;
  /**
   * Default `interleaved`: `[height, width, 3]` RGB. `planar`: `[3, height, width]`, all red, all green, all blue.
   * `gray`: `[height, width]`, which stands for all three channels.
   */
  readonly layout?: "interleaved" | "planar" | "gray";
}

/** Where an image's bytes lie: a whole file or a part of one. Plain data, so that any worker can read it. */
export interface ImageReference {
  /** Shown in errors, unique within its source, for example `dog/1.jpg`. */
  readonly name: string;
  /** The file that holds it. */
  readonly file: string;
  /** First byte; default 0. */
  readonly offset?: number;
  /** Bytes; default: to the end of the file. */
  readonly length?: number;
  /** Set if the bytes are pixels instead of an encoded image. */
  readonly pixels?: RawPixels;
  /** Set if the bytes are base64 text of an encoded image. */
  readonly encoding?: "base64";
}

/** A set of images with random access. */
export interface ImageSet {
  readonly length: number;
  image(index: number): ImageReference;
  /** Class of an image, an index into `classNames`; absent: no labels. */
  label?(index: number): number;
  readonly classNames?: readonly string[];
  /** What the image shows, if several images can show the very same (one concept, drawn by several hands). */
  identity?(index: number): number;
}

/** Images to train on and, where there are any, to evaluate on. */
export interface DataSource extends Disposable {
  /** Seen in training; never with labels. */
  readonly train: ImageSet;
  /** Labelled images that neighbours are searched in, and those searched for; null: nothing to evaluate on. */
  readonly evaluation: { readonly gallery: ImageSet; readonly queries: ImageSet } | null;
}
