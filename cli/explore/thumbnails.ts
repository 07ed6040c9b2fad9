/**
 * Small pictures of the library: a file each for rows of neighbours, and sheets of tiny ones for the map.
 *
 * @module
 */
import { join } from "node:path";
import { type Pixels, ProgressLine } from "@seed/core";
import sharp from "sharp";
import { readPicture } from "../view_page/pictures.ts";
import type { Picture } from "./library.ts";

/** Longest side of a file's picture in pixels. */
const SIDE = 192;
/** Side of a tile on a sheet, which shows the middle of the picture. */
export const TILE = 48;
/** Tiles along a side of a sheet: with more, phones would not decode it. */
export const SHEET_TILES = 32;
/** Pictures that are made at a time. */
const AT_ONCE = 4;

/** The file's name of a picture's thumbnail. */
export function thumbnailName(index: number): string {
  return `${String(index).padStart(5, "0")}.webp`;
}

/**
 * Writes `thumbnails/NNNNN.webp` and `sheets/N.webp`.
 *
 * @returns how many sheets there are; tiles are on them row by row.
 * @throws {BrokenImageError} If a picture cannot be read.
 */
export async function writeThumbnails(
  pictures: readonly Picture[],
  folder: string,
  signal: AbortSignal,
): Promise<number> {
  for (const name of ["thumbnails", "sheets"]) await Deno.mkdir(join(folder, name));
  const progress = new ProgressLine("Drawing", { total: pictures.length, unit: "thumbnails", stays: true }),
    perSheet = SHEET_TILES ** 2;
  const sheets = Math.ceil(pictures.length / perSheet);
  for (let sheet = 0; sheet < sheets; sheet++) {
    const shown = pictures.slice(sheet * perSheet, (sheet + 1) * perSheet), pixels = new Sheet(shown.length);
    for (let first = 0; first < shown.length; first += AT_ONCE) {
      signal.throwIfAborted();
      const some = shown.slice(first, first + AT_ONCE);
      await Promise.all(some.map(async ({ image }, i) => {
        const picture = await readPicture(image), index = sheet * perSheet + first + i;
        await Deno.writeFile(join(folder, "thumbnails", thumbnailName(index)), await thumbnailOf(picture));
        pixels.set(first + i, await tileOf(picture));
      }));
      progress.update(sheet * perSheet + first + some.length);
    }
    await Deno.writeFile(join(folder, "sheets", `${sheet}.webp`), await pixels.encoded());
  }
  return sheets;
}

/** Tiles beside one another, RGB. */
class Sheet {
  readonly #columns: number;
  readonly #rows: number;
  readonly #data: Uint8Array;

  constructor(tiles: number) {
    this.#columns = Math.min(tiles, SHEET_TILES);
    this.#rows = Math.ceil(tiles / SHEET_TILES);
    this.#data = new Uint8Array(3 * TILE ** 2 * this.#columns * this.#rows);
  }

  set(index: number, tile: Uint8Array): void {
    const left = TILE * (index % SHEET_TILES), top = TILE * Math.floor(index / SHEET_TILES);
    for (let y = 0; y < TILE; y++) {
      const row = tile.subarray(3 * TILE * y, 3 * TILE * (y + 1));
      this.#data.set(row, 3 * ((top + y) * TILE * this.#columns + left));
    }
  }

  async encoded(): Promise<Uint8Array> {
    const raw = { width: TILE * this.#columns, height: TILE * this.#rows, channels: 3 } as const;
    return new Uint8Array(await sharp(this.#data, { raw }).webp({ quality: 80 }).toBuffer());
  }
}

function opened({ data, width, height }: Pixels): ReturnType<typeof sharp> {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

async function thumbnailOf(picture: Pixels): Promise<Uint8Array> {
  const size = { width: SIDE, height: SIDE, fit: "inside", withoutEnlargement: true } as const;
  return new Uint8Array(await opened(picture).resize(size).webp({ quality: 84 }).toBuffer());
}

async function tileOf(picture: Pixels): Promise<Uint8Array> {
  const size = { width: TILE, height: TILE, fit: "cover" } as const;
  return new Uint8Array(await opened(picture).resize(size).raw().toBuffer());
}
