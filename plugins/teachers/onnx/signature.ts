import { nearest, RunError, UsageError } from "@seed/core";
import type { Session, ValueMetadata } from "./runtime.ts";

/** Order of an image batch's axes: `[batch, 3, height, width]` or `[batch, height, width, 3]`. */
export type ImageOrder = "nchw" | "nhwc";

/** How a model takes images. */
export interface ImageInput {
  readonly name: string;
  readonly order: ImageOrder;
  /** Side in pixels; null: any. */
  readonly side: number | null;
  /** Images that it takes at once; null: any number. */
  readonly batch: number | null;
}

/**
 * What the model's input says about images.
 *
 * @param path For errors.
 * @param given The recipe's `order` and `input_size`; null: the model's.
 * @throws {RunError | UsageError} If the model takes something else than square RGB images of float32, leaves open
 *   what the recipe does not say, or contradicts it.
 */
export function imageInput(
  { inputMetadata }: Session,
  path: string,
  given: { order: ImageOrder | null; inputSize: number | null },
): ImageInput {
  const bad = (why: string) => new RunError(`The model "${path}" ${why}`);
  if (inputMetadata.length !== 1) {
    throw bad(`has the inputs ${quoted(inputMetadata)}; a teacher has one, the images`);
  }
  const [{ name, type, shape = [] }] = inputMetadata, said = `"${name}" [${shape.join(", ")}]`;
  if (type !== "float32") throw bad(`takes ${said} of the type ${type}; float32 is expected`);
  if (shape.length !== 4) throw bad(`takes ${said}; images have four axes`);
  const channels = otherChannels(shape);
  if (channels !== null) {
    throw bad(
      `takes ${said}: images of ${channels} ${
        channels === 1 ? "channel" : "channels"
      }, but a teacher is shown ` +
        "three, red, green and blue; export it with a layer before it that makes its own of them",
    );
  }
  const order = orderOf(shape, said, path, given.order);
  const [height, width] = order === "nchw" ? shape.slice(2) : shape.slice(1);
  const sides = [height, width].filter((side) => typeof side === "number");
  if (new Set(sides).size > 1) throw bad(`takes ${said}; views are square`);
  const [side = null] = sides, { inputSize } = given;
  if (side !== null && inputSize !== null && side !== inputSize) {
    throw new UsageError(
      `teacher.input_size is ${inputSize}, but the model "${path}" takes ${said}; leave input_size out`,
    );
  }
  const [batch] = shape;
  return { name, order, side: side ?? inputSize, batch: typeof batch === "number" ? batch : null };
}

/** How many channels a model takes, as far as its shape tells that they are not three; null: they may be. */
function otherChannels(shape: readonly (number | string)[]): number | null {
  const sides = [shape[1], shape[3]].filter((side) => typeof side === "number");
  if (sides.length === 0 || sides.includes(3)) return null;
  const fewest = Math.min(...sides);
  // No image is so small that its side could be meant.
  return sides.length === 2 || fewest <= 4 ? fewest : null;
}

function orderOf(
  shape: readonly (number | string)[],
  said: string,
  path: string,
  given: ImageOrder | null,
): ImageOrder {
  const fits = { nchw: shape[1] === 3, nhwc: shape[3] === 3 };
  if (given) {
    const channels = shape[given === "nchw" ? 1 : 3];
    if (typeof channels === "string" || channels === 3) return given;
    throw new UsageError(`teacher.order is "${given}", but the model "${path}" takes ${said}`);
  }
  if (fits.nchw !== fits.nhwc) return fits.nchw ? "nchw" : "nhwc";
  throw new UsageError(
    `The model "${path}" takes ${said}, which does not tell the axis of the three channels; ` +
      'set teacher.order to "nchw" or "nhwc"',
  );
}

/**
 * The output that is the embedding: the one that is named, or the only one.
 *
 * @throws {UsageError} If there is no such output, or several and none is named.
 */
export function outputName({ outputMetadata }: Session, path: string, wanted: string | null): string {
  if (wanted === null) {
    if (outputMetadata.length === 1) return outputMetadata[0].name;
    throw new UsageError(
      `The model "${path}" has the outputs ${quoted(outputMetadata)}; set teacher.output to one`,
    );
  }
  if (outputMetadata.some(({ name }) => name === wanted)) return wanted;
  const close = nearest(wanted, outputMetadata.map(({ name }) => name));
  throw new UsageError(
    `The model "${path}" has no output "${wanted}". ` +
      (close ? `Did you mean "${close}"?` : `It has ${quoted(outputMetadata)}`),
  );
}

function quoted(values: readonly ValueMetadata[]): string {
  const one = ({ name, shape }: ValueMetadata) => `"${name}" [${shape?.join(", ") ?? "no tensor"}]`;
  return values.map(one).join(", ");
}
