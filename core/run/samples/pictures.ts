import type { ViewPipeline } from "../../images/pipeline/view_pipeline.ts";
import type { Pixels } from "../../interfaces/augmenter.ts";
import type { ImageReference } from "../../interfaces/data_source.ts";

/** Side of a picture in a report, in pixels. */
const SIDE = 72;
/** Pictures that lie in memory at a time. */
const AT_ONCE = 64;

/**
 * Images as small pictures: the centre crops that networks are evaluated on, made by the run's workers.
 *
 * @returns one an image, WebP as base64.
 * @throws {RunError} If an image cannot be read.
 */
export async function smallPictures(
  images: readonly ImageReference[],
  pipeline: Pick<ViewPipeline, "batches">,
): Promise<string[]> {
  const { default: sharp } = await import("sharp"); // native code, which nothing else here needs
  const raw = { width: SIDE, height: SIDE, channels: 3 } as const, found: string[] = [];
  for await (const { pixels } of pipeline.batches(requests(images))) {
    for (let first = 0; first < pixels.length; first += SIDE * SIDE * 3) {
      const one = pixels.slice(first, first + SIDE * SIDE * 3);
      const webp = await sharp(one, { raw }).webp({ quality: 80 }).toBuffer();
      found.push(new Uint8Array(webp).toBase64());
    }
  }
  return found;
}

/** The pixels of one of these. */
export async function pixelsOf(webp: string): Promise<Pixels> {
  const { default: sharp } = await import("sharp");
  const options = { resolveWithObject: true } as const;
  const { data, info: { width, height } } = await sharp(Uint8Array.fromBase64(webp)).raw().toBuffer(options);
  return { data, width, height };
}

function* requests(images: readonly ImageReference[]) {
  for (let first = 0; first < images.length; first += AT_ONCE) {
    yield { images: images.slice(first, first + AT_ONCE), keys: null, size: SIDE };
  }
}
