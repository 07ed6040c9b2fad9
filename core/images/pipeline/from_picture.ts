import type { Pixels } from "../../interfaces/augmenter.ts";
import { decode } from "./decode_lazily.ts";
import { decodeWindow } from "./jpeg/decode_window.ts";
import { readJpegHeader } from "./jpeg/read_header.ts";
import type { Size, Window } from "./planes.ts";
import { type Rows, rowsOf } from "./rows.ts";

/**
 * Makes something of a part of a picture: of a JPEG of the usual kind, no more is decoded than what is needed; of
 * others, and damaged ones, everything.
 *
 * @param planOf Is called once, with the picture's size; `used` is the part that is needed.
 * @param make Must not wait for anything: the kernels' memory is the next picture's as soon as it returns.
 * @throws {Error} If the bytes are not a picture.
 */
export async function fromPicture<Plan extends { used: Window }>(
  image: Uint8Array | Pixels,
  planOf: (size: Size) => Plan,
  make: (rows: Rows, plan: Plan) => Uint8Array,
): Promise<Uint8Array> {
  if (!(image instanceof Uint8Array)) return make(rowsOf(image), planOf(image));
  const jpeg = readJpegHeader(image), plan = jpeg && planOf(jpeg);
  const rows = jpeg && decodeWindow(jpeg, plan!.used);
  if (rows) return make(rows, plan!);
  const picture = await decode(image);
  return make(rowsOf(picture), plan ?? planOf(picture));
}
