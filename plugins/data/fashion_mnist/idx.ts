import { openRegularSync, type PixelRecords, readRange, RunError } from "@seed/core";

/** Side of an image. */
export const SIDE = 28;
/** Number of the classes. */
export const CLASSES = 10;

/**
 * Finds the images of an idx file, whose labels are in another. An idx file begins with four bytes (two zeros, 8 for
 * unsigned bytes, the number of axes) and the lengths of the axes, big-endian.
 *
 * @param name What the images' names begin with.
 * @throws {RunError} If they are not what they must be, or do not fit one another.
 */
export function readIdx(name: string, images: string, labels: string): PixelRecords {
  const [count, height, width] = readHeader(images, 3), [labelled] = readHeader(labels, 1);
  if (height !== SIDE || width !== SIDE) {
    throw new RunError(`"${images}" has images of ${height} x ${width}, expected ${SIDE} x ${SIDE}`);
  }
  if (count !== labelled) {
    throw new RunError(`"${images}" has ${count} images, but "${labels}" ${labelled} labels`);
  }
  using file = openRegularSync(labels);
  const values = readRange(file, 8, count, labels), wrong = values.findIndex((label) => label >= CLASSES);
  if (wrong >= 0) {
    throw new RunError(
      `"${labels}" gives the label ${values[wrong]} at byte ${8 + wrong}, expected less than ${CLASSES}`,
    );
  }
  return { path: images, name, offset: 16, stride: SIDE * SIDE, labels: values };
}

/** Lengths of the axes; the file's size is that of all values. */
function readHeader(path: string, axes: number): number[] {
  using file = openRegularSync(path);
  const { size } = file.statSync(), length = 4 + 4 * axes;
  const view = new DataView(readRange(file, 0, Math.min(length, size), path).buffer);
  if (size < length || view.getUint32(0) !== 0x0800 + axes) {
    throw new RunError(`"${path}" is no idx file of unsigned bytes with ${axes} axes`);
  }
  const shape = Array.from({ length: axes }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = length + shape.reduce((product, value) => product * value, 1);
  if (shape[0] === 0) throw new RunError(`"${path}" is empty: its first axis is 0`);
  if (size === expected) return shape;
  throw new RunError(`"${path}" has ${size} bytes, expected ${expected} for the shape [${shape.join(", ")}]`);
}
