import type { Pixels } from "../../interfaces/augmenter.ts";
import { checkSize } from "./pixel_limit.ts";

const TRUNCATED = "The PNM is truncated";
const NEWLINE = 10, RETURN = 13, HASH = 35, ZERO = 48, ONE = 49;
/** PIL's bound for a number. */
const MOST_DIGITS = 10;

/**
 * Decodes a PBM, PGM or PPM (P1 to P6) to what PIL makes of it. Samples of up to 16 bits are scaled by the largest
 * value that the header names; gray of more than 8 bits is cut off at 255, as PIL's conversion does.
 *
 * @throws {Error} If it is truncated or damaged, or too large.
 */
export function decodePnm(bytes: Uint8Array): Pixels {
  const kind = bytes[1] - ZERO,
    isPlain = kind <= 3,
    channels = kind % 3 === 0 ? 3 : 1,
    isBits = kind % 3 === 1;
  const reader = new Reader(bytes, 2), width = reader.number(), height = reader.number();
  if (width === 0 || height === 0) throw new Error("The PNM is damaged: it has no pixels");
  checkSize(width, height);
  const most = isBits ? 1 : reader.number();
  if (most < 1 || most > 65535) {
    throw new Error(`The PNM is damaged: its largest value is ${most}, expected 1 to 65535`);
  }
  // A sample takes a bit at the least: no memory is taken for what is not there.
  const count = width * height * channels, perSample = isBits ? 1 / 8 : most > 255 && !isPlain ? 2 : 1;
  if (reader.left < count * (isPlain ? 1 : perSample)) throw new Error(TRUNCATED);
  const samples = isBits
    ? isPlain ? plainBits(reader, count) : packedBits(reader.rest, width, height)
    : scaled(isPlain ? plainValues(reader, count, most) : values(reader.rest, count, most), most, channels);
  if (channels === 3) return { data: samples, width, height };
  const data = new Uint8Array(3 * count);
  for (let i = 0; i < count; i++) data.fill(samples[i], 3 * i, 3 * i + 3);
  return { data, width, height };
}

/** 8-bit samples; of gray with more than 8 bits PIL makes 16 bits, and white of what is over 255. */
function scaled(values: ArrayLike<number>, most: number, channels: number): Uint8Array {
  const isDeepGray = channels === 1 && most > 255, top = isDeepGray ? 65535 : 255;
  const table = Uint8Array.from(
    { length: most + 1 },
    (_, value) => Math.min(255, roundHalfEven(value / most * top)),
  );
  return Uint8Array.from(values, (value) => table[Math.min(value, most)]);
}

/** As Python rounds. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 && floor % 2 === 0 ? floor : Math.round(value);
}

function values(bytes: Uint8Array, count: number, most: number): ArrayLike<number> {
  if (most < 256) return bytes.subarray(0, count);
  const wide = new Uint16Array(count);
  for (let i = 0; i < count; i++) wide[i] = bytes[2 * i] << 8 | bytes[2 * i + 1];
  return wide;
}

function plainValues(reader: Reader, count: number, most: number): Uint16Array {
  const values = new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    const value = values[i] = reader.number();
    if (value > most) {
      throw new Error(`The PNM is damaged: it has the value ${value}, its largest is ${most}`);
    }
  }
  return values;
}

/** Ink is 1. */
function packedBits(bytes: Uint8Array, width: number, height: number): Uint8Array {
  const stride = Math.ceil(width / 8), pixels = new Uint8Array(width * height);
  if (bytes.length < stride * height) throw new Error(TRUNCATED);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      pixels[at++] = bytes[y * stride + (x >> 3)] >> (7 - (x & 7)) & 1 ? 0 : 255;
    }
  }
  return pixels;
}

function plainBits(reader: Reader, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => reader.bit() ? 0 : 255);
}

const isBlank = (byte: number) => byte === 32 || byte >= 9 && byte <= 13;

/** Reads one after the other; comments go from `#` to the end of the line. */
class Reader {
  constructor(private readonly bytes: Uint8Array, private at: number) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  get rest(): Uint8Array {
    return this.bytes.subarray(this.at);
  }

  /** A number of digits, and the blank after it. @throws {Error} If there is none. */
  number(): number {
    this.#skip();
    let digits = 0, value = 0;
    for (let byte; this.at < this.bytes.length && !isBlank(byte = this.bytes[this.at]); this.at++) {
      if (byte === HASH) {
        this.#skipComment();
        continue;
      }
      if (byte < ZERO || byte > ZERO + 9 || ++digits > MOST_DIGITS) {
        throw new Error("The PNM is damaged: a number is none");
      }
      value = 10 * value + byte - ZERO;
    }
    if (digits === 0) throw new Error(TRUNCATED);
    this.at++;
    return value;
  }

  /** A digit of plain black and white, which need no blanks between them. */
  bit(): number {
    this.#skip();
    if (this.at >= this.bytes.length) throw new Error(TRUNCATED);
    const byte = this.bytes[this.at++];
    if (byte !== ZERO && byte !== ONE) throw new Error("The PNM is damaged: a pixel is neither 0 nor 1");
    return byte - ZERO;
  }

  #skip(): void {
    for (let byte; this.at < this.bytes.length; this.at++) {
      if ((byte = this.bytes[this.at]) === HASH) this.#skipComment();
      else if (!isBlank(byte)) return;
    }
  }

  /** Up to the line's last character. */
  #skipComment(): void {
    const isEnd = (byte: number) => byte === NEWLINE || byte === RETURN;
    while (this.at + 1 < this.bytes.length && !isEnd(this.bytes[this.at])) this.at++;
  }
}
