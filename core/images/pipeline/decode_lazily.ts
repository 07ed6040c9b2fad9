import type { Pixels } from "../../interfaces/augmenter.ts";

/**
 * `decode` of `decode.ts`, whose native code (sharp) is loaded with the first picture: what needs no picture, such as
 * checking a recipe, need not be allowed to call any.
 */
export async function decode(bytes: Uint8Array): Promise<Pixels> {
  const { decode } = await import("./decode.ts");
  return await decode(bytes);
}
