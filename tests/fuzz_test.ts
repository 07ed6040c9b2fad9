import assert from "node:assert/strict";
import found from "./fuzz/found.json" with { type: "json" };
import { type Fault, fuzz } from "./fuzz/fuzz.ts";
import { judge } from "./fuzz/judge.ts";
import { Mutants } from "./fuzz/mutants.ts";
import { READERS } from "./fuzz/readers.ts";

/** Mutants of each reader; `deno task fuzz --seconds N` reads more. */
const COUNT = 25, SEED = 20_261_128;

const text = (faults: readonly Fault[]) =>
  faults.map(({ reader, index, what }) => `${reader} ${index}: ${what}`).join("\n");

Deno.test("mutants of every kind of file are read, or refused by one clear message", async () => {
  const readers = READERS.map(({ name }) => name);
  const { tallies, faults } = await fuzz({ readers, seed: SEED, count: COUNT, seconds: null });
  assert.equal(text(faults), "");
  for (const [name, { mutants, accepted, refused }] of tallies) {
    assert.deepEqual([name, mutants, accepted + refused], [name, COUNT, COUNT]);
  }
  // Mutants that are all refused, or all accepted, would try nothing.
  const sum = (of: "accepted" | "refused") =>
    [...tallies.values()].reduce((sum, tally) => sum + tally[of], 0);
  assert.ok(
    sum("accepted") > 100 && sum("refused") > 200,
    `${sum("accepted")} accepted, ${sum("refused")} refused`,
  );
});

Deno.test("what fuzzing has found once is read, or refused by one clear message", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "seed-found-" });
  try {
    for (const { reader: name, seed, victim, bytes, was } of found) {
      await t.step(`${name}: ${was}`, async () => {
        const mutants = await Mutants.of(READERS.find((reader) => reader.name === name)!, 0);
        const outcome = await judge(
          mutants.reader,
          mutants.with({ seed, victim, bytes: Uint8Array.fromBase64(bytes) }),
          folder,
        );
        assert.notEqual(outcome.kind, "fault", JSON.stringify(outcome));
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a reader that crashes, hangs, takes too much, throws or says what it must not is found out", async () => {
  const table = new URL("./fuzz/testdata/bad_readers.ts", import.meta.url).href;
  const expected: Record<string, RegExp> = {
    good: /^$/,
    "dies": /^the process died \(code 3\)/,
    "hangs": /^no end after 4 s$/,
    "slow": /^it took 0\.\d s$/,
    "hungry": /^it took \d{3} MB for \d+ bytes \(accepted\)$/,
    "throws": /^TypeError: no wonder/,
    "traps": /^RuntimeError: unreachable/,
    "nameless": /^no file is named in the message "something is wrong"$/,
    "loud": /^control characters in the message /,
  };
  const { tallies, faults } = await fuzz({
    readers: Object.keys(expected),
    seed: 1,
    count: 1,
    seconds: null,
    table,
    patience: 4,
  });
  for (const [name, says] of Object.entries(expected)) {
    assert.match(faults.find(({ reader }) => reader === name)?.what ?? "", says, name);
    assert.equal(tallies.get(name)!.mutants, 1, name);
  }
  assert.equal(faults.length, Object.keys(expected).length - 1);
});

/** Its seeds lack most of a network, which would be megabytes: how far they get is another matter. */
const WITHOUT_WHOLE_SEEDS = ["network"];

Deno.test("readers accept what mutants are made of", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-whole-" });
  try {
    for (const reader of READERS) {
      for (const seed of await reader.seeds()) {
        const { kind } = await judge(reader, seed, folder);
        const expected = WITHOUT_WHOLE_SEEDS.includes(reader.name) ? "refused" : "accepted";
        assert.equal(kind, expected, `${reader.name} ${seed.name}`);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a mutant follows from its seed and its number", async () => {
  const [reader] = READERS,
    bytes = async (seed: number, index: number) =>
      Object.values((await Mutants.of(reader, seed)).at(index).files)[0];
  assert.deepEqual(await bytes(5, 9), await bytes(5, 9));
  assert.notDeepEqual(await bytes(5, 9), await bytes(5, 10));
  assert.notDeepEqual(await bytes(5, 9), await bytes(6, 9));
});
