import { RunError, UsageError } from "@seed/core";
import type { ImageOrder } from "./signature.ts";
import type { OnnxTensor } from "./runtime.ts";

/** What becomes of the tokens of a transformer: the first one, or the mean of all. */
export type TokenPooling = "first" | "mean";

/** One row an image. */
export interface Rows {
  readonly dim: number;
  /** `[rows, dim]`, row-major. */
  readonly values: Float32Array;
}

/**
 * Makes one row an image of a model's output: rows as they are, feature maps by their mean, tokens as is said.
 *
 * @param order Of the model's input, and so of its feature maps.
 * @throws {RunError | UsageError} If the output has another rank, or `tokens` does not fit it.
 */
export function pool(
  output: OnnxTensor,
  { name, order, tokens }: { name: string; order: ImageOrder; tokens: TokenPooling | null },
): Rows {
  const { dims, data, type } = output, said = `The output "${name}" is [${dims.join(", ")}]`;
  if (type !== "float32") throw new RunError(`${said} of the type ${type}; float32 is expected`);
  if (tokens !== null && dims.length !== 3) {
    throw new UsageError(`${said}: it has no tokens; leave teacher.tokens out`);
  }
  const [rows] = dims;
  switch (dims.length) {
    case 2:
      return { dim: dims[1], values: Float32Array.from(data) };
    case 3:
      if (tokens === null) throw new UsageError(`${said}; set teacher.tokens to "first" or "mean"`);
      return average(data, { rows, dim: dims[2], places: dims[1], taken: tokens === "first" ? 1 : dims[1] });
    case 4: {
      const channelsFirst = order === "nchw", dim = dims[channelsFirst ? 1 : 3];
      const places = dims[2] * dims[channelsFirst ? 3 : 1];
      return average(data, { rows, dim, places, taken: places, channelsFirst });
    }
    default:
      throw new RunError(`${said}; rows, tokens or feature maps are expected: two, three or four axes`);
  }
}

interface Places {
  rows: number;
  dim: number;
  /** Pixels or tokens of a row. */
  places: number;
  /** How many of them, from the first on, are averaged. */
  taken: number;
  /** `[rows, dim, places]`; default: `[rows, places, dim]`. */
  channelsFirst?: boolean;
}

function average(data: ArrayLike<number>, { rows, dim, places, taken, channelsFirst = false }: Places): Rows {
  const values = new Float32Array(rows * dim);
  const [perChannel, perPlace] = channelsFirst ? [places, 1] : [1, dim];
  for (let row = 0; row < rows; row++) {
    for (let channel = 0; channel < dim; channel++) {
      const first = row * places * dim + channel * perChannel;
      let sum = 0;
      for (let place = 0; place < taken; place++) sum += data[first + place * perPlace];
      values[row * dim + channel] = sum / taken;
    }
  }
  return { dim, values };
}
