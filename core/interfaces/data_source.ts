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

/**
 * What reads images that are no plain bytes of a file: what has to be inflated, fetched over a network, or asked of a
 * database. It is an export of a module, since every worker has to import it; plain data.
 */
export interface ReaderReference {
  /** URL of the module: `import.meta.url` of the data source's own, say. */
  readonly module: string;
  /** Name of the export, an {@link OpenReader}. */
  readonly exportName: string;
  /** Given to the export: plain data that JSON can write. A worker opens one reader for equal parameters. */
  readonly parameters?: unknown;
}

/** Opens a reader: called once in each worker, before the first image that names it. */
export type OpenReader<Parameters = any> = (parameters: Parameters) => ImageReader | Promise<ImageReader>;

/**
 * Reads an image: the bytes of an encoded picture, or what its `pixels` or `encoding` says. Called for several images
 * at a time. Whatever it throws is told with the names of the image and of the reader.
 */
export type ImageReader = (image: ImageReference) => Uint8Array | Promise<Uint8Array>;

/**
 * Where an image's bytes lie: a whole file or a part of one, or what a reader of the data source's own can tell. Plain
 * data, so that any worker can read it.
 */
export interface ImageReference {
  /** Shown in errors, unique within its source, for example `dog/1.jpg`. */
  readonly name: string;
  /** The file that holds it; with a `reader` whatever that understands, an address or a key. */
  readonly file: string;
  /** First byte; default 0. */
  readonly offset?: number;
  /** Bytes; default: to the end of the file. */
  readonly length?: number;
  /** Set if the bytes are pixels instead of an encoded image. */
  readonly pixels?: RawPixels;
  /** Set if the bytes are base64 text of an encoded image. */
  readonly encoding?: "base64";
  /** Reads the bytes; absent: they lie in `file` as they are. */
  readonly reader?: ReaderReference;
}

/** A set of images with random access. */
export interface ImageSet {
  readonly length: number;
  /**
   * Whether the source has found each file on the disk itself, as whoever lists a folder does: a run then does not look
   * for all of them once more before it begins. Absent: it has not; they are named by a list, say.
   */
  readonly isFound?: boolean;
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
  /** Images that neighbours are searched in, and those searched for, all labelled or none; null: nothing to evaluate on. */
  readonly evaluation: { readonly gallery: ImageSet; readonly queries: ImageSet } | null;
}
