import type { Random } from "@seed/core";

/** What a mutation needs besides the bytes. */
interface Given {
  random: Random;
  /** Another valid file, to take parts of. */
  other: Uint8Array;
  words: readonly string[];
}

type Mutation = (bytes: Uint8Array, given: Given) => Uint8Array;

/** What every format may have to do with: what a terminal obeys, numbers that are none, keys that are special. */
const WORDS = [
  ...[
    "\x1b]0;PWNED\x07\x1b[2K",
    "\u202e",
    "\x9b2J",
    "\r",
    "\n",
    "\0",
    "\t",
    "\ud7ff\uffff",
    "../../x",
    "/etc/passwd",
  ],
  ...[
    "-1",
    "0",
    "1e999",
    "NaN",
    "Infinity",
    "4294967296",
    "9007199254740993",
    "__proto__",
    "constructor",
    "null",
    "{}",
  ],
];

/** Values at which readers of numbers change their minds, of 1 to 8 bytes. */
const NUMBERS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 2 ** 53];

/** Changes bytes in one to four ways. */
export function mutate(bytes: Uint8Array, given: Given): Uint8Array {
  const { random } = given, times = 1 + random.below(4) * random.below(2);
  let mutant = bytes;
  for (let i = 0; i < times; i++) mutant = MUTATIONS[random.below(MUTATIONS.length)](mutant, given);
  return mutant;
}

const spliced = (bytes: Uint8Array, at: number, removed: number, ...inserted: Uint8Array[]) => {
  const parts = [bytes.subarray(0, at), ...inserted, bytes.subarray(at + removed)];
  const result = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let to = 0;
  for (const part of parts) result.set(part, to), to += part.length;
  return result;
};

/** A place and a length within the bytes; short ones are likelier. */
function stretch({ length }: Uint8Array, random: Random, most = 4096): [at: number, count: number] {
  const at = random.below(length + 1), limit = Math.min(most, length - at);
  return [at, Math.floor(limit * random.uniform() ** 4)];
}

function noise(count: number, random: Random): Uint8Array {
  return Uint8Array.from({ length: count }, () => random.below(256));
}

const MUTATIONS: readonly Mutation[] = [
  function flipBits(bytes, { random }) {
    const mutant = bytes.slice();
    if (mutant.length) {
      for (let n = 1 + random.below(8); n > 0; n--) {
        mutant[random.below(mutant.length)] ^= 1 << random.below(8);
      }
    }
    return mutant;
  },
  function randomBytes(bytes, { random }) {
    const [at, count] = stretch(bytes, random, 64);
    return spliced(bytes, at, count, noise(count, random));
  },
  function truncate(bytes, { random }) {
    return bytes.subarray(0, random.below(bytes.length + 1));
  },
  function cutStart(bytes, { random }) {
    return random.chance(0.2)
      ? bytes.subarray(random.below(bytes.length + 1))
      : bytes.subarray(0, Math.max(0, bytes.length - 1 - random.below(16)));
  },
  function splice(bytes, { random, other }) {
    const [from, count] = stretch(other, random), [at, removed] = stretch(bytes, random);
    return spliced(bytes, at, removed, other.subarray(from, from + count));
  },
  function hugeNumber(bytes, { random }) {
    const width = 2 ** random.below(4),
      field = new DataView(new ArrayBuffer(8)),
      isLittle = random.chance(0.5);
    const value = BigInt(NUMBERS[random.below(NUMBERS.length)]);
    field.setBigUint64(0, value, isLittle);
    const number = new Uint8Array(field.buffer, isLittle ? 0 : 8 - width, width);
    return spliced(bytes, random.below(bytes.length + 1), width, number);
  },
  function insert(bytes, { random }) {
    return spliced(bytes, random.below(bytes.length + 1), 0, noise(1 + random.below(16), random));
  },
  function remove(bytes, { random }) {
    const [at, count] = stretch(bytes, random);
    return spliced(bytes, at, count + 1);
  },
  function repeat(bytes, { random }) {
    const [at, count] = stretch(bytes, random, 256), times = 1 + random.below(20);
    return spliced(bytes, at, 0, ...Array<Uint8Array>(times).fill(bytes.subarray(at, at + count)));
  },
  function copy(bytes, { random }) {
    const [from, count] = stretch(bytes, random), at = random.below(bytes.length + 1);
    return spliced(bytes, at, count, bytes.subarray(from, from + count));
  },
  function digits(bytes, { random }) {
    const places = [...bytes.keys()].filter((i) => bytes[i] >= 48 && bytes[i] <= 57), mutant = bytes.slice();
    for (let n = Math.min(places.length, 1 + random.below(4)); n > 0; n--) {
      mutant[places[random.below(places.length)]] = 48 + random.below(10);
    }
    return places.length ? mutant : spliced(bytes, random.below(bytes.length + 1), 0, noise(1, random));
  },
  function word(bytes, { random, words }) {
    const all = words.length && random.chance(0.7) ? words : WORDS,
      [at, removed] = stretch(bytes, random, 16);
    return spliced(bytes, at, removed, new TextEncoder().encode(all[random.below(all.length)]));
  },
];
