/** What a TIFF says of its samples, and where it says so: its first picture's. */
export interface TiffHeader {
  /** PhotometricInterpretation: 0 and 1 are gray, 2 RGB, 3 a palette, 5 inks, 6 YCbCr, 8 CIELAB. */
  readonly photometric: number;
  readonly compression: number;
  /** Of each sample of a pixel. */
  readonly bits: readonly number[];
  readonly samples: number;
  /** 1: unsigned, 2: signed, 3: floating point, 4: undefined, 5 and 6: complex. */
  readonly sampleFormat: number;
  /** Pixels that share a chroma sample, across and down. */
  readonly subsampling: readonly [number, number];
  /** YCbCrCoefficients and ReferenceBlackWhite are the usual ones, or left out. */
  readonly isUsualYcbcr: boolean;
  /** @returns The file with a SHORT of its header replaced: the first value of a tag that is there. */
  with(tag: number, value: number): Uint8Array;
}

export const PHOTOMETRIC = 262, SAMPLE_FORMAT = 339;
const BITS = 258, COMPRESSION = 259, SAMPLES = 277, COEFFICIENTS = 529, SUBSAMPLING = 530, RANGES = 532;

/** Bytes of a value, by its type, of those types that are looked at: SHORT, LONG, RATIONAL. */
const TYPE_BYTES: Record<number, number> = { 3: 2, 4: 4, 5: 8 };
/** Of a tag no more values are looked at. */
const MOST_VALUES = 16;

/** libtiff's, for a file that does not say. */
const USUAL: Record<number, readonly number[]> = {
  [COEFFICIENTS]: [0.299, 0.587, 0.114],
  [RANGES]: [0, 255, 128, 255, 128, 255],
};

/** Reads the first directory (TIFF 6.0, section 2; BigTIFF). Null: it is not whole; the decoder tells why. */
export function readTiffHeader(bytes: Uint8Array): TiffHeader | null {
  try {
    const tags = new Directory(bytes),
      first = (tag: number, otherwise: number) => tags.values(tag)?.[0] ?? otherwise;
    const bits = tags.values(BITS) ?? [1], samples = first(SAMPLES, 1);
    const [across = 2, down = 2] = tags.values(SUBSAMPLING) ?? [];
    const isUsual = (tag: number) =>
      (tags.values(tag) ?? USUAL[tag]).every((value, i) => Math.abs(value - USUAL[tag][i]) < 1e-3);
    return {
      photometric: first(PHOTOMETRIC, 0),
      compression: first(COMPRESSION, 1),
      bits: bits.length === 1 && samples <= MOST_VALUES ? Array<number>(samples).fill(bits[0]) : bits,
      samples,
      sampleFormat: first(SAMPLE_FORMAT, 1),
      subsampling: [across, down],
      isUsualYcbcr: isUsual(COEFFICIENTS) && isUsual(RANGES),
      with: (tag, value) => tags.with(tag, value),
    };
  } catch (error) {
    if (error instanceof RangeError) return null; // beyond the end
    throw error;
  }
}

/** Tags with their values; reading beyond the end of the file is a `RangeError`. */
class Directory {
  readonly #view: DataView;
  readonly #isLittle: boolean;
  /** Type and place of the first value, by tag. */
  readonly #places = new Map<number, { type: number; count: number; at: number }>();

  constructor(private readonly bytes: Uint8Array) {
    const view = this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const isLittle = this.#isLittle = bytes[0] === 0x49, isBig = view.getUint16(2, isLittle) === 43;
    const word = (at: number) =>
      isBig ? Number(view.getBigUint64(at, isLittle)) : view.getUint32(at, isLittle);
    const width = isBig ? 8 : 4, start = word(isBig ? 8 : 4);
    const count = isBig ? word(start) : view.getUint16(start, isLittle);
    let at = start + (isBig ? 8 : 2);
    for (let i = 0; i < count; i++, at += 4 + 2 * width) {
      const tag = view.getUint16(at, isLittle), type = view.getUint16(at + 2, isLittle);
      const values = word(at + 4), size = TYPE_BYTES[type];
      if (!size || this.#places.has(tag)) continue;
      const inside = at + 4 + width;
      this.#places.set(tag, { type, count: values, at: values * size <= width ? inside : word(inside) });
    }
  }

  /** Null: the tag is not there, or has values of no type that is looked at. */
  values(tag: number): number[] | null {
    const place = this.#places.get(tag);
    if (!place || place.count === 0) return null;
    const { type, at } = place, view = this.#view, isLittle = this.#isLittle;
    return Array.from({ length: Math.min(place.count, MOST_VALUES) }, (_, i) => {
      if (type === 3) return view.getUint16(at + 2 * i, isLittle);
      if (type === 4) return view.getUint32(at + 4 * i, isLittle);
      return view.getUint32(at + 8 * i, isLittle) / view.getUint32(at + 8 * i + 4, isLittle);
    });
  }

  with(tag: number, value: number): Uint8Array {
    const { type, count, at } = this.#places.get(tag)!,
      copy = this.bytes.slice(),
      view = new DataView(copy.buffer);
    for (let i = 0; i < Math.min(count, MOST_VALUES); i++) {
      if (type === 3) view.setUint16(at + 2 * i, value, this.#isLittle);
      else view.setUint32(at + 4 * i, value, this.#isLittle);
    }
    return copy;
  }
}
