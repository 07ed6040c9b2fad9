import type { Pixels } from "../../interfaces/augmenter.ts";
import { decode } from "./decode_lazily.ts";
import { decodeWindow } from "./jpeg/decode_window.ts";
import { type BaselineJpeg, readJpegHeader } from "./jpeg/read_header.ts";
import type { Size, Window } from "./planes.ts";
import { type Decoding, type Reduction, reductionFor, type Resizing } from "./reduction.ts";
import { type Rows, rowsOf } from "./rows.ts";

/** What is to be made of a picture. */
export interface PicturePlan extends Resizing {
  /** The part that is needed, in pixels of the picture reduced. */
  used(by: Reduction): Window;
}

/** How something is made of a picture. */
export interface Making<Plan extends PicturePlan> {
  /** Is called once, with the picture's size as its file has it. */
  planOf(size: Size): Plan;
  /** Must not wait for anything: the kernels' memory is the next picture's as soon as it returns. */
  make(rows: Rows, plan: Plan): Uint8Array;
  decoding: Decoding;
}

/**
 * Makes something of a part of a picture: of a JPEG of the usual kind, no more is decoded than what is needed, and where
 * `decoding` allows it no larger than needed; of others, and damaged ones, everything.
 *
 * @throws {Error} If the bytes are not a picture.
 */
export async function fromPicture<Plan extends PicturePlan>(
  image: Uint8Array | Pixels,
  { planOf, make, decoding }: Making<Plan>,
): Promise<Uint8Array> {
  if (!(image instanceof Uint8Array)) return make(rowsOf(image), planOf(image));
  const jpeg = readJpegHeader(image), plan = jpeg && planOf(jpeg);
  const rows = jpeg && decodePart(jpeg, plan!, decoding);
  if (rows) return make(rows, plan!);
  const picture = await decode(image);
  return make(rowsOf(picture), plan ?? planOf(picture));
}

function decodePart(jpeg: BaselineJpeg, plan: PicturePlan, decoding: Decoding): Rows | null {
  const reduction = decoding === "reduced" ? reductionFor(jpeg, plan) : 1;
  return decodeWindow(jpeg, plan.used(reduction), reduction);
}
