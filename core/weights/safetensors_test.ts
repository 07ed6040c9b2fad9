import assert from "node:assert/strict";
import { join } from "node:path";
import { RunError } from "../errors.ts";
import { Random } from "../random.ts";
import { type NamedArray, SafetensorsFile, writeSafetensors } from "./safetensors.ts";

const GOLDEN = new URL("./testdata/all_types.safetensors", import.meta.url);

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-safetensors-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A file from its header, as JSON or as bytes, and its values. */
function build(header: unknown, values: Uint8Array, headerLength?: bigint): Uint8Array<ArrayBuffer> {
  const json = header instanceof Uint8Array ? header : new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + values.length);
  new DataView(bytes.buffer).setBigUint64(0, headerLength ?? BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(values, 8 + json.length);
  return bytes;
}

/** Reads everything that a file holds. */
async function readAll(path: string): Promise<Map<string, Float32Array>> {
  using file = await SafetensorsFile.open(path);
  const values = new Map<string, Float32Array>();
  for (const name of file.tensors.keys()) values.set(name, file.read(name));
  return values;
}

Deno.test("a file of Python's safetensors reads as PyTorch reads it, every type of it", async () => {
  const expected = JSON.parse(await Deno.readTextFile(new URL("./testdata/all_types.json", import.meta.url)));
  using file = await SafetensorsFile.open(GOLDEN.pathname);
  assert.deepEqual(file.metadata, expected.metadata);
  assert.deepEqual([...file.tensors.keys()].sort(), Object.keys(expected.tensors).sort());
  for (const [name, { shape, values }] of Object.entries<Record<string, number[]>>(expected.tensors)) {
    assert.deepEqual(file.tensors.get(name)!.shape, shape, name);
    assert.deepEqual(file.read(name), Float32Array.from(values, Number), name);
  }
});

Deno.test("what is written reads the same, bit for bit", () =>
  inFolder(async (folder) => {
    const random = new Random("round trip"), path = join(folder, "file");
    for (let round = 0; round < 20; round++) {
      const tensors: NamedArray[] = Array.from({ length: random.below(6) }, (_, i) => {
        const shape = Array.from({ length: random.below(4) }, () => random.below(5));
        const bits = Uint32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.uint32());
        // Any bits are a float32: subnormals, infinities and NaN with their payloads too.
        const data =
          [new Float32Array(bits.buffer), new Int32Array(bits.buffer), bigInts(bits)][random.below(3)];
        return { name: `${i}.${'ü✓"'[random.below(3)]}`, shape, data };
      });
      const metadata = { step: `${round}`, text: 'quotes " and ✓' };
      await writeSafetensors(path, tensors, metadata);
      using file = await SafetensorsFile.open(path);
      assert.deepEqual(file.metadata, metadata);
      assert.equal(file.tensors.size, tensors.length);
      for (const { name, shape, data } of tensors) {
        assert.deepEqual(file.tensors.get(name)?.shape, shape);
        const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
        assert.deepEqual(file.readBytes(name), bytes);
      }
    }
  }));

function bigInts(bits: Uint32Array): BigInt64Array {
  return BigInt64Array.from(bits, (value) => BigInt(value) << 31n);
}

Deno.test("values begin at a multiple of eight bytes", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    for (const name of ["a", "ab", "abc", "ü", "abcdefgh"]) {
      await writeSafetensors(path, [{ name, shape: [1], data: Float32Array.of(1) }], {});
      const length = new DataView((await Deno.readFile(path)).buffer).getBigUint64(0, true);
      assert.equal(length % 8n, 0n);
    }
  }));

Deno.test("an array that does not fit its shape is not written", () =>
  inFolder(async (folder) => {
    const wrong = { name: "a", shape: [2, 2], data: new Float32Array(3) };
    await assert.rejects(writeSafetensors(join(folder, "file"), [wrong], {}), /"a" \[2,2\] has 3 values/);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  }));

Deno.test("a file cut off at any byte is refused", () =>
  inFolder(async (folder) => {
    const whole = await Deno.readFile(GOLDEN), path = join(folder, "file");
    for (let length = 0; length < whole.length; length++) {
      await Deno.writeFile(path, whole.subarray(0, length));
      await assert.rejects(SafetensorsFile.open(path), RunError, `cut off at byte ${length}`);
    }
  }));

Deno.test("a file with more bytes than its tensors is refused", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    await Deno.writeFile(path, Uint8Array.of(...await Deno.readFile(GOLDEN), 0));
    await assert.rejects(SafetensorsFile.open(path), /has 1 bytes after its last tensor/);
  }));

Deno.test("a file with any byte of its header changed reads, or is refused with a RunError", () =>
  inFolder(async (folder) => {
    const whole = await Deno.readFile(GOLDEN), path = join(folder, "file"), random = new Random("flips");
    const header = 8 + Number(new DataView(whole.buffer).getBigUint64(0, true));
    let refused = 0;
    for (let at = 0; at < header; at++) {
      for (const change of [1 << random.below(8), 1 + random.below(255)]) {
        const changed = whole.slice();
        changed[at] ^= change;
        await Deno.writeFile(path, changed);
        try {
          await readAll(path);
        } catch (error) {
          assert.ok(error instanceof RunError, `byte ${at}: ${error}`);
          refused++;
        }
      }
    }
    // A changed letter of a name or of the metadata cannot be told; most of the rest can.
    assert.ok(refused > header, `only ${refused} of ${2 * header} were refused`);
  }));

/** Headers that are wrong, and what the error says. The data has 16 bytes. */
const LIES: Record<string, [header: unknown, says: RegExp]> = {
  "a list": [[], /its header is no object/],
  "no JSON": [new TextEncoder().encode("{"), /its header is not JSON/],
  "no UTF-8": [Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d), /its header is not JSON/],
  "metadata that is no mapping": [{ ...entry({}), __metadata__: [1] }, /the metadata is no mapping of texts/],
  "metadata that is no text": [
    { ...entry({}), __metadata__: { a: 1 } },
    /the metadata is no mapping of texts/,
  ],
  "no description": [{ a: null }, /"a" has no description/],
  "an unknown type": [entry({ dtype: "F33" }), /"a" has the type "F33"; only F64, F32, .* are read/],
  "a type that every object has": [entry({ dtype: "toString" }), /"a" has the type "toString"; only F64/],
  "no shape": [entry({ shape: undefined }), /"a" has no valid shape/],
  "a negative size": [entry({ shape: [-4] }), /"a" has no valid shape/],
  "a fraction of a size": [entry({ shape: [4.5] }), /"a" has no valid shape/],
  "sizes whose product overflows": [
    entry({ shape: [2 ** 52, 2 ** 52] }),
    /needs \S+ bytes, its range has 16/,
  ],
  "a larger shape": [entry({ shape: [5] }), /"a" \[5\] needs 20 bytes, its range has 16/],
  "a smaller shape": [entry({ shape: [3] }), /"a" \[3\] needs 12 bytes, its range has 16/],
  "no range": [entry({ data_offsets: undefined }), /"a" has no valid byte range/],
  "a range of three": [entry({ data_offsets: [0, 8, 16] }), /"a" has no valid byte range/],
  "a range backwards": [entry({ data_offsets: [16, 0] }), /needs 16 bytes, its range has -16/],
  "a range before the data": [entry({ data_offsets: [-8, 8] }), /"a" has no valid byte range/],
  "a range beyond the data": [
    entry({ shape: [5], data_offsets: [0, 20] }),
    /"a" ends at byte 20 of 16 \(truncated file\?\)/,
  ],
  "a terabyte": [
    entry({ shape: [2 ** 38], data_offsets: [0, 2 ** 40] }),
    /"a" ends at byte 1099511627776 of 16 \(truncated file\?\)/,
  ],
  "an overlap": [
    {
      a: { dtype: "F32", shape: [3], data_offsets: [0, 12] },
      b: { dtype: "F32", shape: [2], data_offsets: [8, 16] },
    },
    /"b" overlaps the one before/,
  ],
  "a gap": [
    {
      a: { dtype: "F32", shape: [1], data_offsets: [0, 4] },
      b: { dtype: "F32", shape: [2], data_offsets: [8, 16] },
    },
    /"b" begins at byte 8, the one before ends at 4/,
  ],
};

function entry(changed: Record<string, unknown>) {
  return { a: { dtype: "F32", shape: [4], data_offsets: [0, 16], ...changed } };
}

for (const [lie, [header, says]] of Object.entries(LIES)) {
  Deno.test(`a header with ${lie} is refused`, () =>
    inFolder(async (folder) => {
      const path = join(folder, "file");
      await Deno.writeFile(path, build(header, new Uint8Array(16)));
      await assert.rejects(SafetensorsFile.open(path), (error: Error) => {
        assert.ok(error instanceof RunError, `${error}`);
        assert.match(error.message, says);
        assert.ok(error.message.includes(path), "it names the file");
        return true;
      });
    }));
}

Deno.test("a header length beyond the file or the format's bound is refused before anything is read", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    for (const length of [1000n, 2n ** 31n, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
      await Deno.writeFile(path, build(entry({}), new Uint8Array(16), length));
      await assert.rejects(SafetensorsFile.open(path), RunError, `${length}`);
    }
    // A sparse file that is as large as its header claims to be.
    await Deno.writeFile(path, build(entry({}), new Uint8Array(16), 2n ** 40n));
    await Deno.truncate(path, 2 ** 41);
    await assert.rejects(SafetensorsFile.open(path), /its header would have 1099511627776 bytes/);
  }));

Deno.test("a tensor that is not there is named", async () => {
  using file = await SafetensorsFile.open(GOLDEN.pathname);
  assert.throws(() => file.read("nothing"), /holds no tensor "nothing"/);
});

Deno.test("a file that is cut short while it is read is told from one that was before", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    await writeSafetensors(path, [{ name: "a", shape: [1000], data: new Float32Array(1000) }], {});
    using file = await SafetensorsFile.open(path);
    await Deno.truncate(path, 2000);
    assert.throws(() => file.read("a"), /ends before byte \d+: it was cut short, or changed since/);
  }));
