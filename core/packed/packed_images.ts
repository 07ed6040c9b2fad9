/**
 * Where the images of a large file lie, in a few arrays: an object an image would take a hundred bytes more.
 *
 * @module
 */
import type { ImageReference, ImageSet } from "../data_source.ts";
import { type PackedTexts, PackedTextsBuilder } from "./packed_texts.ts";

/** The images of one file. All arrays have an entry an image. */
export interface PackedImages {
  /** First byte of each. */
  readonly offsets: Float64Array;
  /** Bytes of each. */
  readonly lengths: Uint32Array;
  /** Class of each, an index into `classNames` or else a number of its own; -1: none. */
  readonly labels: Int32Array;
  /** Names within the file. */
  readonly names: PackedTexts;
  /** Null: labels are numbers. */
  readonly classNames: readonly string[] | null;
}

/** An image as it is found. */
export interface FoundImage {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
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

  finish(classNames: readonly string[] | null): PackedImages {
    return {
      offsets: Float64Array.from(this.#offsets),
      lengths: Uint32Array.from(this.#lengths),
      labels: Int32Array.from(this.#labels),
      names: this.#names.finish(),
      classNames,
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
  const ids = new Map(classNames.map((name, id) => [name, id]));
  const meanings = files.map(({ images }) => images.classNames?.map((name) => ids.get(name)!));
  const label = (index: number) => {
    const [f, at] = placeOf(index), own = files[f].images.labels[at];
    return meanings[f]?.[own] ?? own;
  };
  return { length, image, label, classNames };
}

/** Numbers from here on are no classes: a list of their names would be too long. */
const MAX_LABEL = 1 << 20;

/** A label that is a whole number, written without leading zeros; null: it is another text. */
export function parseLabel(text: string): number | null {
  return /^(0|[1-9]\d{0,6})$/.test(text) && Number(text) < MAX_LABEL ? Number(text) : null;
}

/** Whether every image of these files has a label. */
export function haveLabels(files: readonly PackedFile[]): boolean {
  return files.every(({ images }) => images.labels.every((label) => label >= 0));
}

/** Names of the classes that the labels of these files are of: those that they bring, sorted, else numbers. */
export function classNamesOf(files: readonly PackedFile[]): string[] {
  if (!files.some(({ images }) => images.classNames)) return numbersUpTo(largest(files));
  return [...new Set(files.flatMap(({ images }) => images.classNames ?? []))].sort();
}

/** Gives names to the labels that are numbers, if others have names: then `1` is the class of the name "1". */
export function withSameKindOfLabels(files: readonly PackedFile[]): PackedFile[] {
  const isNamed = files.some(({ images }) => images.classNames);
  return files.map((file) => {
    const classNames = file.images.classNames ?? (isNamed ? numbersUpTo(largest([file])) : null);
    return { ...file, images: { ...file.images, classNames } };
  });
}

function largest(files: readonly PackedFile[]): number {
  return files.reduce((most, { images }) => images.labels.reduce((a, b) => Math.max(a, b), most), -1);
}

function numbersUpTo(last: number): string[] {
  return Array.from({ length: last + 1 }, (_, i) => `${i}`);
}
