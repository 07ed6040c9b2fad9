import assert from "node:assert/strict";
import { type KeyPart, Random } from "./random.ts";

/** Deviation of a count from its expectation in standard deviations: 5 is a chance of one in two million. */
const deviations = (count: number, n: number, p: number) =>
  Math.abs(count - n * p) / Math.sqrt(n * p * (1 - p));

/** Pearson's statistic of counts that should all be equal. */
function chiSquared(counts: ArrayLike<number>): number {
  const list = Array.from(counts), expected = list.reduce((a, b) => a + b) / list.length;
  return list.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** A bound on the statistic that a fair generator passes with a probability of one in a million (Wilson-Hilferty). */
const chiSquaredBound = (degrees: number) =>
  degrees * (1 - 2 / (9 * degrees) + 4.75 * Math.sqrt(2 / (9 * degrees))) ** 3;

/** Ways to draw many numbers: from one stream, and the first of many streams whose keys are close to each other. */
const SOURCES: Record<string, (n: number) => number[]> = {
  "one key": (n) => {
    const random = new Random(1, "stream");
    return Array.from({ length: n }, () => random.uint32());
  },
  "neighbouring images": (n) => Array.from({ length: n }, (_, i) => new Random(0, "view", i, 0).uint32()),
  "neighbouring epochs": (n) => Array.from({ length: n }, (_, i) => new Random(0, "view", 7, i).uint32()),
  "neighbouring seeds": (n) => Array.from({ length: n }, (_, i) => new Random(i, "view", 7, 0).uint32()),
  "neighbouring names": (n) =>
    Array.from({ length: n }, (_, i) => new Random(0, "init", `blocks.${i}`).uint32()),
  "the second draw of neighbouring images": (n) =>
    Array.from({ length: n }, (_, i) => {
      const random = new Random(0, "view", i, 0);
      random.uint32();
      return random.uint32();
    }),
};

for (const [name, draw] of Object.entries(SOURCES)) {
  Deno.test(`draws from ${name} are uniform in every bit and every byte`, () => {
    const n = 1 << 16, values = draw(n);
    for (let bit = 0; bit < 32; bit++) {
      const ones = values.filter((value) => value >>> bit & 1).length;
      assert.ok(deviations(ones, n, 0.5) < 5, `bit ${bit} is 1 in ${ones} of ${n}`);
    }
    for (let shift = 0; shift < 32; shift += 8) {
      const counts = new Uint32Array(256);
      for (const value of values) counts[value >>> shift & 255]++;
      assert.ok(chiSquared(counts) < chiSquaredBound(255), `byte ${shift / 8}: ${chiSquared(counts)}`);
    }
  });

  Deno.test(`successive draws from ${name} do not depend on each other`, () => {
    const n = 1 << 16, values = draw(n);
    const pairs = new Uint32Array(256);
    for (let i = 1; i < n; i++) pairs[values[i - 1] >>> 28 << 4 | values[i] >>> 28]++;
    assert.ok(chiSquared(pairs) < chiSquaredBound(255), `pairs of the high bits: ${chiSquared(pairs)}`);
    for (let bit = 0; bit < 32; bit++) {
      let flips = 0;
      for (let i = 1; i < n; i++) flips += (values[i] ^ values[i - 1]) >>> bit & 1;
      assert.ok(deviations(flips, n - 1, 0.5) < 5, `bit ${bit} changes in ${flips} of ${n - 1}`);
    }
  });
}

Deno.test("the generator is the one that earlier runs were made with", () => {
  // From a second implementation, in Python: another generator would make every checkpoint resume differently.
  const known: [KeyPart[], number[]][] = [
    [[0, "view", 3, 17], [563432114, 3400244991]],
    [[7, "init", "head.0.weight"], [1060752200, 3177200061]],
    [[-1, 2 ** 40 + 5], [3263596342, 1687188248]],
  ];
  for (const [key, values] of known) {
    const random = new Random(...key);
    assert.deepEqual([random.uint32(), random.uint32()], values);
  }
});

Deno.test("the same key gives the same draws, whatever was drawn from others meanwhile", () => {
  const draws = (others: boolean) => {
    const random = new Random(3, "crop", 17), other = new Random(3, "crop", 18);
    return Array.from({ length: 100 }, () => {
      if (others) other.uint32();
      return random.uint32();
    });
  };
  assert.deepEqual(draws(true), draws(false));
});

Deno.test("every part of a key counts, its place, its sign and its high bits too", () => {
  const keys: KeyPart[][] = [
    [],
    [0],
    [0, 0],
    [1],
    [-1],
    [0, 1],
    [1, 0],
    [2 ** 32],
    [2 ** 32 + 1],
    [2 ** 52],
    ["a"],
    ["a", "b"],
    ["ab"],
    ["b", "a"],
    [""],
    ["0"],
    ["a", 0],
    [0, "a"],
  ];
  const firsts = keys.map((key) => new Random(...key).uint32());
  assert.equal(new Set(firsts).size, keys.length);
});

Deno.test("a key part that is no whole number is refused", () => {
  for (const part of [0.5, NaN, Infinity, 2 ** 53]) assert.throws(() => new Random(part), TypeError);
});

Deno.test("two streams do not overlap", () => {
  const n = 4096,
    values = (image: number) => {
      const random = new Random(0, "view", image);
      return Array.from({ length: n }, () => random.uint32());
    };
  const a = new Set(values(0)), shared = values(1).filter((value) => a.has(value)).length;
  // 4096 * 4096 / 2^32 = 0.004 by chance.
  assert.ok(shared <= 2, `${shared} values are in both`);
});

Deno.test("uniform() and below() stay in their ranges and reach their ends", () => {
  const random = new Random("range");
  const reached = new Set<number>();
  for (let i = 0; i < 10_000; i++) {
    const x = random.uniform(-2, 3);
    assert.ok(x >= -2 && x < 3);
    reached.add(random.below(7));
  }
  assert.deepEqual([...reached].sort(), [0, 1, 2, 3, 4, 5, 6]);
  assert.equal(random.below(1), 0);
});

Deno.test("normal() has the moments of a normal distribution", () => {
  const random = new Random("normal"), n = 200_000;
  const z = Array.from({ length: n }, () => random.normal());
  const moment = (k: number) => z.reduce((sum, x) => sum + x ** k, 0) / n;
  // Standard errors: 1, sqrt(2), sqrt(15), sqrt(96) over sqrt(n).
  const near = (k: number, expected: number, error: number) =>
    assert.ok(Math.abs(moment(k) - expected) < 5 * error / Math.sqrt(n), `moment ${k} is ${moment(k)}`);
  near(1, 0, 1);
  near(2, 1, Math.SQRT2);
  near(3, 0, Math.sqrt(15));
  near(4, 3, Math.sqrt(96));
  assert.ok(z.every(Number.isFinite));
  const scaled = new Random("normal").normal(5, 2);
  assert.equal(scaled, 5 + 2 * z[0]);
});

Deno.test("chance() is true with its probability, never at 0 and always at 1", () => {
  const random = new Random("chance"), n = 50_000;
  const count = (p: number) => Array.from({ length: n }, () => random.chance(p)).filter(Boolean).length;
  assert.ok(deviations(count(0.2), n, 0.2) < 5);
  assert.equal(count(0), 0);
  assert.equal(count(1), n);
});

Deno.test("permutation() holds every number once", () => {
  for (const n of [0, 1, 2, 3, 10, 1000]) {
    const order = new Random("order", n).permutation(n);
    assert.deepEqual([...order].sort((a, b) => a - b), Array.from({ length: n }, (_, i) => i));
  }
});

Deno.test("permutation() gives each of the orders of four equally often", () => {
  const counts = new Map<string, number>(), n = 24_000;
  for (let i = 0; i < n; i++) {
    const order = new Random("orders", i).permutation(4).join();
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.equal(counts.size, 24);
  assert.ok(chiSquared([...counts.values()]) < chiSquaredBound(23));
});
