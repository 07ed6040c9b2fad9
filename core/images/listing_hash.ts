import { createHash } from "node:crypto";
import type { ImageSet } from "../interfaces/data_source.ts";

/** Of listings that were read: several ask for the same one, and it may be of a million images. */
const KNOWN = new WeakMap<ImageSet, string>();

/** SHA-256 of the images' names and places in their order; of a reader, what it is told. */
export function listingHash(images: ImageSet): string {
  const known = KNOWN.get(images);
  if (known !== undefined) return known;
  const hash = createHash("sha256");
  for (let i = 0; i < images.length; i++) {
    const { name, offset = 0, length = "", pixels, encoding, reader } = images.image(i);
    hash.update(`${name}\0${offset}\0${length}\0${pixels ? JSON.stringify(pixels) : encoding ?? ""}`);
    if (reader) hash.update(`\0${JSON.stringify([reader.exportName, reader.parameters])}`);
    hash.update("\n");
  }
  const digest = hash.digest("hex");
  KNOWN.set(images, digest);
  return digest;
}

/** SHA-256 of the images' names in their order, with the names of their classes. */
export function labelHash(images: ImageSet): string {
  const { length, classNames = [] } = images;
  const hash = createHash("sha256");
  for (let i = 0; i < length; i++) {
    const number = images.label?.(i), name = number === undefined ? "" : classNames[number] ?? number;
    hash.update(`${images.image(i).name}\0${name}\n`);
  }
  return hash.digest("hex");
}
