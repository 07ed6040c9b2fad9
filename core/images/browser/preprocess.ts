/**
 * The pixels that `embed` shows a network, in a browser: bundled into `preprocess.js`, which `export` writes beside
 * models. Nothing of Deno's may be used here.
 *
 * @module
 */
import { centerOf, shortSideFor } from "../pipeline/center_window.ts";
import { BICUBIC, resize } from "../pipeline/resample.ts";

/** Pixels as `ImageData` has them: four bytes each, red, green, blue and alpha, row by row. */
export interface RgbaPixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** How a network wants its pictures. */
export interface Preprocessing {
  /** Side in pixels of the centre that is cut out. */
  readonly size: number;
  /** What the short side is resized to before, at least `size`; default `size / 0.875`. */
  readonly shortSide?: number;
  /** Of each channel, in 0..1. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** `channels first`: `[3, size, size]`, ONNX's; `channels last`: `[size, size, 3]`, TensorFlow's. */
  readonly layout: "channels first" | "channels last";
}

/**
 * The evaluation view of a picture: its short side resized, bicubic and antialiased, and the centre cut out. Alpha plays
 * no role.
 *
 * @returns `[size, size, 3]` RGB.
 * @throws {RangeError} If `shortSide` is less than `size`, or the pixels are not as many as width and height say.
 */
export function centerPixels(image: RgbaPixels, size: number, shortSide = shortSideFor(size)): Uint8Array {
  const { width, height, data } = image;
  if (data.length !== 4 * width * height) {
    throw new RangeError(`Got ${data.length} bytes of ${width} x ${height} pixels, expected four each`);
  }
  if (shortSide < size) {
    throw new RangeError(`The short side of ${shortSide} is less than the crop of ${size}`);
  }
  const { size: whole, window } = centerOf(image, size, shortSide);
  return resize({ data: rgbOf(image), width, height }, BICUBIC, whole, window);
}

function rgbOf({ data, width, height }: RgbaPixels): Uint8Array {
  const rgb = new Uint8Array(3 * width * height);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    rgb[to++] = data[from];
    rgb[to++] = data[from + 1];
    rgb[to++] = data[from + 2];
  }
  return rgb;
}

/**
 * Makes a function of a picture to what a network takes of it.
 *
 * @returns a function of `ImageData` to float32, normalised: one picture in the layout that was asked for.
 */
export function preprocessor(
  { size, shortSide, mean, std, layout }: Preprocessing,
): (image: RgbaPixels) => Float32Array {
  const scale = std.map((deviation) => Math.fround(1 / (255 * deviation)));
  const shift = mean.map((value, channel) => Math.fround(-value / std[channel]));
  const [pixel, channel] = layout === "channels first" ? [1, size * size] : [3, 1];
  return (image) => {
    const bytes = centerPixels(image, size, shortSide), values = new Float32Array(bytes.length);
    for (let i = 0, at = 0; i < size * size; i++) {
      for (let c = 0; c < 3; c++) {
        // Rounded after the product and after the sum, as engines compute it.
        values[i * pixel + c * channel] = Math.fround(bytes[at++] * scale[c]) + shift[c];
      }
    }
    return values;
  };
}

/** What of a browser's canvas is used. */
interface Canvas {
  getContext(kind: "2d", options: { willReadFrequently: true }): {
    drawImage(image: unknown, x: number, y: number): void;
    getImageData(x: number, y: number, width: number, height: number): RgbaPixels;
  };
}

/**
 * The pixels of a picture's file, in a browser or a worker of one. Browsers turn a picture as its EXIF says, which
 * `embed` does not.
 *
 * @param file A picture that the browser reads, as file inputs, `fetch` and dropping give it.
 */
export async function pixelsOf(file: Blob): Promise<RgbaPixels> {
  const bitmap = await createImageBitmap(file, { premultiplyAlpha: "none", colorSpaceConversion: "none" });
  const { width, height } = bitmap;
  const { OffscreenCanvas } = globalThis as unknown as {
    OffscreenCanvas: new (width: number, height: number) => Canvas;
  };
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}
