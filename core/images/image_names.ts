/** Endings of the files that are taken for images. */
export const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set(
  [
    "jpg",
    "jpeg",
    "jpe",
    "jfif",
    "png",
    "webp",
    "gif",
    "tif",
    "tiff",
    "avif",
    "bmp",
    "ppm",
    "pgm",
    "pbm",
    "pnm",
  ],
);

/** Whether a file's name ends as an image's does. */
export function isImageName(name: string): boolean {
  return IMAGE_EXTENSIONS.has(name.slice(name.lastIndexOf(".") + 1).toLowerCase());
}
