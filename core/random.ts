/**
 * Counter-based random numbers: every draw is a pure function of a key, never of call order, so that a run
 * resumes bit for bit and any worker can make any sample.
 *
 * @module
 */

/** What a key is made of: numbers (seed, epoch, index, ...) and words (the purpose of the draw). */
export type KeyPart = number | string;

/**
 * A stream of random numbers that is fully determined by its key.
 *
 * The generator is SplitMix-style mixing of (key, counter) with two 32-bit multiply-xorshift rounds per draw; it
 * is not cryptographic.
 *
 * @example
 * ```ts
 * import { Random } from "@seed/core";
 * const a = new Random(0, "crop", 3, 17).uniform();
 * const b = new Random(0, "crop", 3, 17).uniform();
 * if (a !== b) throw new Error("the same key gives the same draw");
 * ```
 */
export class Random {
  readonly #a: number;
  readonly #b: number;
  #counter = 0;

  constructor(...key: KeyPart[]) {
    let a = 0x9e3779b9, b = 0x85ebca6b;
    for (const part of key) {
      for (const word of words(part)) {
        a = mix(a ^ word);
        b = mix(Math.imul(b, 0x27d4eb2f) + word ^ a);
      }
    }
    this.#a = a;
    this.#b = b;
  }

  /** An unsigned 32-bit integer. */
  uint32(): number {
    const c = this.#counter++;
    return mix(mix(this.#a + Math.imul(c, 0x9e3779b9)) ^ this.#b);
  }

  /** A float in `[low, high)`, with 32 random bits. */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.uint32() / 0x100000000);
  }

  /** An integer in `[0, n)`. */
  below(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** A draw from the normal distribution (Box-Muller). */
  normal(mean = 0, deviation = 1): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return mean + deviation * radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** True with probability `p`. */
  chance(p: number): boolean {
    return this.uniform() < p;
  }

  /** The integers `0 .. n-1` in random order (Fisher-Yates). */
  permutation(n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}

/** Spreads every input bit over all 32 output bits (the finaliser of lowbias32, Wellons). */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

function* words(part: KeyPart): Generator<number> {
  if (typeof part === "number") {
    if (!Number.isSafeInteger(part)) throw new TypeError(`Random key part must be an integer, got "${part}"`);
    yield part >>> 0;
    yield Math.floor(part / 0x100000000) >>> 0;
    return;
  }
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(part)) hash = Math.imul(hash ^ byte, 0x01000193);
  yield hash >>> 0;
  yield part.length;
}
