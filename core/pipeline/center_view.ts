import sharp from "sharp";
import type { Pixels } from "../augmenter.ts";

/** Share of the short side that the centre crop keeps: 224 of 256, as is usual for evaluation. */
const CENTER_SHARE = 224 / 256;

/**
 * The evaluation view: short side resized to `size / 0.875`, centre crop of `size`. Pictures given as square pixels
 * are taken whole: their source has framed them already.
 *
 * @returns `[size, size, 3]` uint8 RGB.
 */
export async function centerView(image: Uint8Array | Pixels, size: number): Promise<Uint8Array> {
  if (!(image instanceof Uint8Array)) {
    const raw = { width: image.width, height: image.height, channels: 3 } as const;
    if (image.width === size && image.height === size) return image.data;
    return await sharp(image.data, { raw }).resize(size, size, { fit: "cover", kernel: "cubic" }).raw()
      .toBuffer();
  }
  const short = Math.round(size / CENTER_SHARE);
  const { data, info } = await sharp(image).rotate().resize(short, short, { fit: "outside", kernel: "cubic" })
    .flatten({ background: "#fff" }).toColourspace("srgb").removeAlpha().raw().toBuffer({
      resolveWithObject: true,
    });
  const left = (info.width - size) >> 1, top = (info.height - size) >> 1;
  const view = new Uint8Array(size * size * 3);
  for (let row = 0; row < size; row++) {
    const from = ((top + row) * info.width + left) * 3;
    view.set(data.subarray(from, from + size * 3), row * size * 3);
  }
  return view;
}
