import { Random } from "../random.ts";

/** A JPEG of noise, 256 x 256: what data sources' stand-ins are made of. It costs as much to decode as a picture. */
export async function standInImage(): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp"); // native code, which is not always allowed
  const side = 256, random = new Random(0, "stand-in");
  const pixels = Uint8Array.from({ length: side * side * 3 }, () => random.below(256));
  return await sharp(pixels, { raw: { width: side, height: side, channels: 3 } }).jpeg().toBuffer();
}
