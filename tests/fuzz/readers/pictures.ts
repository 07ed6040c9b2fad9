import { join } from "node:path";
import sharp from "sharp";
import { centerView, loadImage, Random, RunError } from "@seed/core";
import { BrokenImageError } from "../../../core/images/broken_image_error.ts";
import { decode } from "@seed/core/host";
import { decodeWindow } from "../../../core/images/pipeline/jpeg/decode_window.ts";
import { readJpegHeader } from "../../../core/images/pipeline/jpeg/read_header.ts";
import { reduceSize } from "../../../core/images/pipeline/reduction.ts";
import { OversizedPicture } from "../../../core/images/pipeline/pixel_limit.ts";
import { UnsupportedPicture } from "../../../core/images/pipeline/unsupported_picture.ts";
import { repairPng } from "../checksums.ts";
import type { Reader, Seed } from "../reader.ts";

const FOLDER = new URL("../../golden/decode/", import.meta.url), SIDE = 24;

/** The pictures of the golden tests whose names have such an ending. */
function seedsOf(ending: RegExp, more: () => Promise<Uint8Array[]> = () => Promise.resolve([])) {
  return async (): Promise<Seed[]> => {
    const names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => ending.test(name))
      .sort();
    const files = await Promise.all(names.map((name) => Deno.readFile(new URL(name, FOLDER))));
    return [...files, ...await more()].map((bytes, i) => ({
      name: names[i] ?? `made ${i}`,
      files: { picture: bytes },
    }));
  };
}

/** An error of a worker's kind: what is no error of a decoder stays what it is. */
function broken(path: string, error: unknown): never {
  const kinds: unknown[] = [Error, RunError, UnsupportedPicture, OversizedPicture];
  if (!(error instanceof Error) || !kinds.includes(error.constructor)) throw error;
  throw BrokenImageError.of({ name: "picture", file: path }, error.message);
}

/** As a worker makes a view of it. */
async function readPicture(folder: string): Promise<void> {
  const file = join(folder, "picture");
  try {
    const view = await centerView(await loadImage({ name: "picture", file }), SIDE);
    if (view.length !== 3 * SIDE * SIDE) throw new TypeError(`a view of ${view.length} bytes`);
  } catch (error) {
    broken(file, error);
  }
}

/** A window of a JPEG by the kernels, which must not read or write where they should not. */
async function readWindow(folder: string): Promise<void> {
  const path = join(folder, "picture"), bytes = await Deno.readFile(path), jpeg = readJpegHeader(bytes);
  if (!jpeg) throw new RunError(`"${path}" is no baseline JPEG`);
  const random = new Random(bytes.length, "window"), by = ([1, 2, 4, 8] as const)[random.below(4)];
  const { width, height } = reduceSize(jpeg, by), left = random.below(width), top = random.below(height);
  const window = {
    left,
    top,
    width: 1 + random.below(width - left),
    height: 1 + random.below(height - top),
  };
  const rows = decodeWindow(jpeg, window, by);
  if (!rows) throw new RunError(`"${path}" is damaged`);
  const many = rows.reserve(4);
  for (let y = 0; y < window.height; y += many) rows.load(top + y, Math.min(many, window.height - y));
}

async function jpegs(): Promise<Uint8Array[]> {
  const random = new Random("jpeg"), width = 61, height = 43;
  const pixels = Uint8Array.from(
    { length: width * height * 3 },
    (_, i) => 128 + 90 * Math.sin(i / 40) + random.below(30),
  );
  const make = (chromaSubsampling: string, quality: number) =>
    sharp(pixels, { raw: { width, height, channels: 3 } }).jpeg({ chromaSubsampling, quality }).toBuffer();
  return (await Promise.all([make("4:2:0", 75), make("4:4:4", 95)])).map((bytes) => new Uint8Array(bytes));
}

/** What the pixels of an accepted picture take, in a few shapes: their number is bounded by PIL's limit. */
async function accepts(folder: string): Promise<number> {
  const { width, height } = await decode(await Deno.readFile(join(folder, "picture")));
  return 12 * width * height;
}

const picture = (name: string, ending: RegExp, more: Partial<Reader> = {}): Reader => {
  return { name, seeds: seedsOf(ending), read: readPicture, seconds: 5, accepts, ...more };
};

export const PICTURES: readonly Reader[] = [
  picture("jpeg", /\.jpg$/, {
    seeds: seedsOf(/\.jpg$/, jpegs),
    words: ["\xff\xd8", "\xff\xda", "\xff\xc4", "\xff\xdd\0\x04"],
  }),
  picture("jpeg-kernels", /\.jpg$/, {
    seeds: seedsOf(/^gray\.jpg$/, jpegs),
    read: readWindow,
    accepts: undefined,
  }),
  picture("png", /\.png$/, {
    repair: repairPng,
    words: ["IHDR", "PLTE", "IDAT", "IEND", "tRNS", "iCCP", "eXIf"],
  }),
  picture("gif", /\.gif$/),
  picture("webp", /\.webp$/, { words: ["VP8 ", "VP8L", "VP8X", "ANMF", "ALPH"] }),
  picture("tiff", /\.tif$/),
  picture("avif", /\.avif$/, { words: ["ftypavis", "ftypmif1", "hvc1", "irot", "imir", "ipma"] }),
  picture("bmp", /\.bmp$/),
  picture("pnm", /\.p[pgbn]m$/, {
    words: ["P1\n", "P3 ", "P6\n", "#", "65535\n", "1048576 1 ", "60000 60000 "],
  }),
];
