const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Many short texts in two arrays: their UTF-8 bytes one after the other, and where each ends. A million strings of
 * their own would take several times the memory.
 */
export class PackedTexts {
  /** @param ends `[length]`: where each text ends in `bytes`. */
  constructor(readonly bytes: Uint8Array, readonly ends: Float64Array) {}

  static of(texts: Iterable<string>): PackedTexts {
    const builder = new PackedTextsBuilder();
    for (const text of texts) builder.push(text);
    return builder.finish();
  }

  get length(): number {
    return this.ends.length;
  }

  at(index: number): string {
    const start = index === 0 ? 0 : this.ends[index - 1];
    return UTF8.decode(this.bytes.subarray(start, this.ends[index]));
  }
}

const ENCODER = new TextEncoder();

/** Collects texts. */
export class PackedTextsBuilder {
  #bytes = new Uint8Array(1 << 12);
  #length = 0;
  readonly #ends: number[] = [];

  get length(): number {
    return this.#ends.length;
  }

  push(text: string): void {
    // A UTF-16 unit becomes three bytes at most.
    if (this.#length + 3 * text.length > this.#bytes.length) this.#grow(this.#length + 3 * text.length);
    this.#length += ENCODER.encodeInto(text, this.#bytes.subarray(this.#length)).written;
    this.#ends.push(this.#length);
  }

  finish(): PackedTexts {
    return new PackedTexts(this.#bytes.slice(0, this.#length), Float64Array.from(this.#ends));
  }

  #grow(least: number): void {
    const bytes = new Uint8Array(Math.max(least, 2 * this.#bytes.length));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
  }
}
