/**
 * Where the images of a large file lie, in a few arrays: an object an image would take a hundred bytes more.
 *
 * @module
 */
import type { ImageReference, ImageSet } from "../../interfaces/data_source.ts";
import { labelIn, type Labels } from "./labels.ts";
import { type PackedTexts, PackedTextsBuilder } from "./packed_texts.ts";

/** What one image may take in a large file: it is read whole. */
export const MAX_IMAGE_BYTES: number = 1 << 28;

/** Some of what a file holds besides images, to be told whenever it is read. */
export interface LeftOut {
  /** What there are several of: `samples have no image`. */
  readonly what: string;
  readonly count: number;
  /** Name of the first. */
  readonly first: string;
}

/** The images of one file. All arrays have an entry an image. */
export interface PackedImages extends Labels {
  /** First byte of each. */
  readonly offsets: Float64Array;
  /** Bytes of each. */
  readonly lengths: Uint32Array;
  /** Names within the file. */
  readonly names: PackedTexts;
  readonly leftOut?: readonly LeftOut[];
}

/** An image as it is found. */
export interface FoundImage {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
  /** Null: none, or one that comes later. */
  readonly label: number | null;
}

/** Packs images as they are found. */
export class PackedImagesBuilder {
  readonly #offsets: number[] = [];
  readonly #lengths: number[] = [];
  readonly #labels: number[] = [];
  readonly #names = new PackedTextsBuilder();

  push({ name, offset, length, label }: FoundImage): void {
    this.#offsets.push(offset);
    this.#lengths.push(length);
    this.#labels.push(label ?? -1);
    this.#names.push(name);
  }

  get length(): number {
    return this.#offsets.length;
  }

  /** @param labels In place of those that the images were given with. */
  finish(labels: Labels = { labels: Int32Array.from(this.#labels), classNames: null }): PackedImages {
    return {
      offsets: Float64Array.from(this.#offsets),
      lengths: Uint32Array.from(this.#lengths),
      names: this.#names.finish(),
      ...labels,
    };
  }
}

/** A file of images, and what it is called in their names. */
export interface PackedFile {
  readonly path: string;
  readonly name: string;
  readonly images: PackedImages;
}

/**
 * The images of several files, one after the other.
 *
 * @param classNames What labels are indices of; null: without labels.
 */
export function packedImageSet(
  files: readonly PackedFile[],
  classNames: readonly string[] | null,
  encoding?: ImageReference["encoding"],
): ImageSet {
  const ends: number[] = [];
  for (const { images } of files) ends.push((ends.at(-1) ?? 0) + images.offsets.length);
  /** The file that an image is in, and its index there. */
  const placeOf = (index: number): [file: number, at: number] => {
    let low = 0, high = files.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (index < ends[middle]) high = middle;
      else low = middle + 1;
    }
    return [low, index - (low === 0 ? 0 : ends[low - 1])];
  };
  const image = (index: number): ImageReference => {
    const [f, at] = placeOf(index), { path, name, images } = files[f];
    return {
      name: `${name}/${images.names.at(at)}`,
      file: path,
      offset: images.offsets[at],
      length: images.lengths[at],
      ...encoding && { encoding },
    };
  };
  const length = ends.at(-1) ?? 0;
  if (classNames === null) return { length, image };
  const readers = files.map(({ images }) => labelIn(images, classNames));
  const label = (index: number) => {
    const [f, at] = placeOf(index);
    return readers[f](at);
  };
  return { length, image, label, classNames };
}
