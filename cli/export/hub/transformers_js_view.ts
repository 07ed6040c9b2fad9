import sharp from "sharp";
import { type ImageReference, loadImage } from "@seed/core";
import { decode } from "@seed/core/host";
import { ofImage } from "./pictures.ts";

/**
 * What transformers.js shows a network of a picture where it runs on sharp, in Node and Deno: its resizing interpolates
 * between pixels and does not average where it shrinks (`utils/image.js`, `image_processors_utils.js` of 4.3.2). In
 * browsers it is the canvas's, which no setting reaches.
 *
 * @param shortSide What the short side becomes, at least `size`.
 * @returns `[size, size, 3]` uint8 RGB.
 */
export async function transformersJsView(
  image: ImageReference,
  size: number,
  shortSide: number,
): Promise<Uint8Array> {
  return await ofImage(image, async () => {
    const loaded = await loadImage(image);
    const { data, width, height } = loaded instanceof Uint8Array ? await decode(loaded) : loaded;
    const factor = Math.max(shortSide / width, shortSide / height);
    const [wide, high] = [width, height].map((side) => Math.floor(Number((side * factor).toFixed(2))));
    const resized = await sharp(data, { raw: { width, height, channels: 3 } })
      .affine([wide / width, 0, 0, high / height], { interpolator: "bicubic" })
      .raw().toBuffer({ resolveWithObject: true });
    const { info } = resized, raw = { width: info.width, height: info.height, channels: info.channels };
    const left = Math.floor((info.width - size) / 2), top = Math.floor((info.height - size) / 2);
    const cut = sharp(resized.data, { raw }).extract({ left, top, width: size, height: size }).removeAlpha();
    return new Uint8Array(await cut.raw().toBuffer());
  });
}
