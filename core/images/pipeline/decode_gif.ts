import { Buffer } from "node:buffer";
import type { Pixels } from "../../interfaces/augmenter.ts";
import { checkSize } from "./pixel_limit.ts";

/** The first frame of a GIF. */
interface Frame {
  /** Of the whole picture. */
  width: number;
  height: number;
  /** What the frame covers of it. */
  place: { left: number; top: number; width: number; height: number };
  /** `[256, 3]` RGB. */
  palette: Uint8Array;
  /** Index of the colour around the frame. */
  background: number;
  interlaced: boolean;
  /** Bits of an index. */
  depth: number;
  /** Its indices in LZW. */
  data: Uint8Array;
}

/**
 * Decodes the first frame of a GIF to what PIL's `convert("RGB")` makes of it: a transparent index keeps its colour
 * of the palette, which libvips drops (CompuServe, GIF89a, 1990).
 *
 * @throws {Error} If the frame is truncated or damaged, or too large.
 */
export function decodeGif(bytes: Uint8Array): Pixels {
  const { width, height, place, palette, background, interlaced, depth, data } = readFrame(bytes);
  const indices = unpackLzw(data, depth, place.width * place.height);
  const pixels = filledWith(palette.subarray(3 * background, 3 * background + 3), width * height);
  let from = 0;
  for (const y of rowOrder(place.height, interlaced)) {
    let to = 3 * ((place.top + y) * width + place.left);
    for (const end = from + place.width; from < end;) {
      const color = 3 * indices[from++];
      pixels[to++] = palette[color], pixels[to++] = palette[color + 1], pixels[to++] = palette[color + 2];
    }
  }
  return { data: pixels, width, height };
}

/** So many pixels of a colour: what is filled is copied, twice as much each time. */
function filledWith(color: Uint8Array, count: number): Uint8Array {
  const pixels = new Uint8Array(3 * count);
  if (color.every((value) => value === 0)) return pixels;
  pixels.set(color);
  for (let filled = 3; filled < pixels.length; filled *= 2) pixels.copyWithin(filled, 0, filled);
  return pixels;
}

const EXTENSION = 0x21, IMAGE = 0x2c, GRAPHIC_CONTROL = 0xf9;

function readFrame(bytes: Uint8Array): Frame {
  const reader = new Reader(bytes);
  reader.take(6);
  const screen = { width: reader.u16(), height: reader.u16() }, [flags] = reader.take(3);
  const global = palette(reader, flags);
  let background = 0;
  for (let [kind] = reader.take(1); kind !== IMAGE; [kind] = reader.take(1)) {
    if (kind !== EXTENSION) continue; // PIL passes over what it does not know
    const [label] = reader.take(1), [control] = reader.blocks();
    if (label === GRAPHIC_CONTROL && control?.[0] & 1) background = control[3];
  }
  const place = { left: reader.u16(), top: reader.u16(), width: reader.u16(), height: reader.u16() };
  const width = Math.max(screen.width, place.left + place.width);
  const height = Math.max(screen.height, place.top + place.height);
  checkSize(width, height);
  if (width === 0 || height === 0) throw new Error(DAMAGED);
  const [imageFlags] = reader.take(1), own = palette(reader, imageFlags), [depth] = reader.take(1);
  const data = Buffer.concat(reader.blocks());
  const interlaced = (imageFlags & 64) !== 0;
  return { width, height, place, palette: own ?? global ?? grays(), background, interlaced, depth, data };
}

/** Colours that a palette leaves out are grays, as in PIL. Null: there is no palette. */
function palette(reader: Reader, flags: number): Uint8Array | null {
  if (!(flags & 128)) return null;
  const colors = grays();
  colors.set(reader.take(3 << ((flags & 7) + 1)));
  return colors;
}

function grays(): Uint8Array {
  return Uint8Array.from({ length: 3 * 256 }, (_, i) => Math.floor(i / 3));
}

/** The rows of a frame in the order that the file has them in. */
function rowOrder(height: number, interlaced: boolean): number[] {
  const passes = interlaced ? [[0, 8], [4, 8], [2, 4], [1, 2]] : [[0, 1]];
  return passes.flatMap(([first, step]) =>
    Array.from({ length: Math.max(0, Math.ceil((height - first) / step)) }, (_, i) => first + i * step)
  );
}

const TRUNCATED = "The GIF is truncated", DAMAGED = "The GIF is damaged";
const MAX_CODES = 4096, MAX_BITS = 12;

/** Unpacks `count` indices. A code stands for a stretch of what is unpacked already. */
function unpackLzw(data: Uint8Array, depth: number, count: number): Uint8Array {
  if (depth < 1 || depth > 8) throw new Error(DAMAGED);
  const clear = 1 << depth, end = clear + 1;
  const out = new Uint8Array(count),
    starts = new Uint32Array(MAX_CODES),
    lengths = new Uint32Array(MAX_CODES);
  let bits = 0, held = 0, at = 0, size = depth + 1, next = end + 1, filled = 0;
  /** Length of the last stretch; 0: there is none, the table is new. */
  let last = 0;
  while (filled < count) {
    for (; held < size; held += 8) {
      if (at === data.length) throw new Error(TRUNCATED);
      bits |= data[at++] << held;
    }
    const code = bits & ((1 << size) - 1);
    bits >>>= size, held -= size;
    if (code === end) throw new Error(TRUNCATED);
    if (code === clear) {
      size = depth + 1, next = end + 1, last = 0;
      continue;
    }
    // The new code is the last stretch and the byte that comes now: it may be the code itself that stands here.
    if (last && next < MAX_CODES) starts[next] = filled - last, lengths[next++] = last + 1;
    if (code >= next) throw new Error(DAMAGED);
    if (next === 1 << size && size < MAX_BITS) size++;
    last = code < clear ? 1 : lengths[code];
    if (code < clear) out[filled++] = code;
    else for (let from = starts[code], i = 0; i < last; i++) out[filled++] = out[from++];
  }
  return out;
}

/** Reads one after the other. */
class Reader {
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** @throws {Error} If so many bytes are not there. */
  take(count: number): Uint8Array {
    if (this.#at + count > this.bytes.length) throw new Error(TRUNCATED);
    return this.bytes.subarray(this.#at, this.#at += count);
  }

  u16(): number {
    const [low, high] = this.take(2);
    return low | high << 8;
  }

  /** Blocks up to an empty one, or the file's end: the indices may be complete all the same, as PIL has it. */
  blocks(): Uint8Array[] {
    const blocks = [];
    while (this.#at < this.bytes.length) {
      const length = this.bytes[this.#at++];
      if (length === 0) break;
      blocks.push(this.bytes.subarray(this.#at, this.#at += length));
    }
    return blocks;
  }
}
