import { RunError } from "../errors.ts";
import type { ImageReference } from "../interfaces/data_source.ts";
import { quoted } from "../text/printable.ts";

/** No view can be made of an image: it is missing, damaged, or nothing that is decoded. */
export class BrokenImageError extends RunError {
  /** @param file Where it lies; null: only its reader knows. */
  constructor(message: string, readonly file: string | null) {
    super(message);
  }

  static of({ name, file, offset, reader }: ImageReference, reason: string): BrokenImageError {
    const at = offset === undefined ? "" : ` at byte ${offset}`;
    const place = reader || reason.includes(file) ? "" : `. It lies in ${quoted(file, Infinity)}${at}`;
    return new BrokenImageError(
      `Cannot make a view of the image ${quoted(name, Infinity)}: ${reason.replace(/\.$/, "")}${place}`,
      reader ? null : file,
    );
  }
}
