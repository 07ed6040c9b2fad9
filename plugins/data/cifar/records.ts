import { openRegularSync, type PixelRecords, readRange, RunError } from "@seed/core";
import type { Part } from "./files.ts";
import type { Variant } from "./variants.ts";

/** Side of an image. */
export const SIDE = 32;
const PIXELS = 3 * SIDE * SIDE;
/** Images whose labels are read at once. */
const TOGETHER = 1000;
/** A list of names is far shorter. */
const MAX_NAME_BYTES = 1 << 16;

/**
 * Reads the labels of a file of images: `[label, red, green, blue]` a record, or `[coarse label, label, ...]`.
 *
 * @throws {RunError} If its size is not that of whole records, or a label is none.
 */
export function readRecords(name: string, { path, offset, size }: Part, variant: Variant): PixelRecords {
  const { labelBytes, classes } = variant, stride = labelBytes + PIXELS, count = size / stride;
  if (count === 0 || !Number.isInteger(count)) {
    throw new RunError(
      `"${name}" in "${path}" has ${size} bytes, expected a multiple of ${stride} (an image and its label)`,
    );
  }
  using file = openRegularSync(path);
  const labels = new Uint8Array(count);
  for (let from = 0; from < count; from += TOGETHER) {
    const records = Math.min(TOGETHER, count - from);
    const bytes = readRange(file, offset + from * stride, records * stride, path);
    for (let i = 0; i < records; i++) labels[from + i] = bytes[i * stride + labelBytes - 1];
  }
  const wrong = labels.findIndex((label) => label >= classes);
  if (wrong < 0) return { path, name, offset: offset + labelBytes, stride, labels };
  throw new RunError(
    `"${name}" in "${path}" gives the label ${labels[wrong]} at byte ${
      offset + wrong * stride + labelBytes - 1
    }, ` +
      `expected less than ${classes}`,
  );
}

/** @throws {RunError} If there are not as many as classes. */
export function readClassNames(name: string, { path, offset, size }: Part, { classes }: Variant): string[] {
  if (size > MAX_NAME_BYTES) {
    throw new RunError(`"${name}" in "${path}" has ${size} bytes, expected at most ${MAX_NAME_BYTES}`);
  }
  using file = openRegularSync(path);
  const text = new TextDecoder().decode(readRange(file, offset, size, path));
  const names = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");
  if (names.length === classes) return names;
  throw new RunError(`"${name}" in "${path}" has ${names.length} names of classes, expected ${classes}`);
}
