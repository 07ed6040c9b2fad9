/** A picture that is whole, as far as can be told, but of a kind that is not read. */
export class UnsupportedPicture extends Error {
  /** @param kind What it is, with its article: `a TIFF of CIELAB colours`. */
  constructor(kind: string) {
    super(`The picture is ${kind}, which is not read; convert it, to PNG for example, or take it out`);
  }
}
