import type { ImageReference, ImageSet, RawPixels } from "../../interfaces/data_source.ts";

/** Images of one size that lie in a file at equal distances. */
export interface PixelRecords {
  readonly path: string;
  /** What it is called in the images' names. */
  readonly name: string;
  /** First byte of the first image's pixels. */
  readonly offset: number;
  /** Bytes from one image to the next. */
  readonly stride: number;
  /** Class of each image. */
  readonly labels: Uint8Array;
}

/** The images of several files, one after the other. */
export function recordImageSet(
  parts: readonly PixelRecords[],
  pixels: RawPixels,
  classNames: readonly string[],
): ImageSet {
  const bytes = pixels.width * pixels.height * (pixels.layout === "gray" ? 1 : 3);
  const placeOf = (index: number): [PixelRecords, number] => {
    let at = index;
    for (const part of parts) {
      if (at < part.labels.length) return [part, at];
      at -= part.labels.length;
    }
    throw new RangeError(`There is no image ${index}`);
  };
  const image = (index: number): ImageReference => {
    const [{ path, name, offset, stride }, at] = placeOf(index);
    return { name: `${name}/${at}`, file: path, offset: offset + at * stride, length: bytes, pixels };
  };
  const label = (index: number) => {
    const [{ labels }, at] = placeOf(index);
    return labels[at];
  };
  const length = parts.reduce((sum, { labels }) => sum + labels.length, 0);
  return { length, image, label, classNames };
}
