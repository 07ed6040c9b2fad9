import assert from "node:assert/strict";
import { crc32, deflateRawSync } from "node:zlib";
import { concat, type Member, readBits, refusal, zipOf } from "../../tests/support/weight_bytes.ts";

/** An array as NumPy writes it. */
function npy(header: string, data: Uint8Array, version = 1): Uint8Array {
  const text = new TextEncoder().encode(`${header}\n`), length = [text.length & 255, text.length >> 8];
  const start = version === 1 ? length : [...length, 0, 0];
  return concat(Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0, ...start), text, data);
}

const HEADER = "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }";
const ONES = new Uint8Array(new Float32Array(4).fill(1).buffer);
const ARRAY = npy(HEADER, ONES);
const BITS = new Uint32Array(ONES.buffer);

/** A member as NumPy deflates it. */
const deflated = (name: string, data: Uint8Array): Member => ({
  ...{ name, method: 8, data: deflateRawSync(data), size: data.length, crc: crc32(data) },
});

Deno.test("arrays are read whatever the version of their header and the order of its keys", async () => {
  const arrays = {
    plain: ARRAY,
    second: npy(HEADER, ONES, 2),
    third: npy(HEADER, ONES, 3),
    // What NumPy wrote for Python 2, and what another writer may.
    long: npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4L,), }", ONES),
    shuffled: npy("{'shape': (4,), 'fortran_order': True, 'descr': '<f4'}", ONES),
  };
  const members = Object.entries(arrays).map(([name, data]) => ({ name: `${name}.npy`, data }));
  const read = await readBits(zipOf(members, { comment: "by hand" }));
  assert.deepEqual(Object.keys(read), Object.keys(arrays));
  for (const [name, { shape, bits }] of Object.entries(read)) {
    assert.deepEqual([shape, bits], [[4], BITS], name);
  }
});

Deno.test("arrays are read from an archive in zip64's form", async () => {
  const { a, b } = await readBits(zipOf([
    { name: "a.npy", data: ARRAY, long: true },
    { ...deflated("b.npy", ARRAY), long: true },
  ]));
  assert.deepEqual([a.bits, b.bits], [BITS, BITS]);
});

/** Headers that are no array of numbers, and what the error says. */
const HEADERS: Record<string, [header: string, says: RegExp]> = {
  "Python objects": [
    "{'descr': '|O', 'fortran_order': False, 'shape': (4,), }",
    /Python objects, which are never/,
  ],
  "big-endian numbers": [
    "{'descr': '>f4', 'fortran_order': False, 'shape': (4,), }",
    /the big-endian type '>f4'/,
  ],
  "complex numbers": ["{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }", /the type '<c8'/],
  "texts": ["{'descr': '<U4', 'fortran_order': False, 'shape': (1,), }", /the type '<U4'/],
  "a type that every object has": [
    "{'descr': '<toString', 'fortran_order': False, 'shape': (4,), }",
    /the type '<toString'/,
  ],
  "records": [
    "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (4,), }",
    /the type \[\('a', '<f4'\)\]/,
  ],
  "records of objects": [
    "{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (4,), }",
    /Python objects/,
  ],
  "a larger shape": [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (5,), }",
    /\[5\] needs 20 bytes, it has 16/,
  ],
  "a smaller shape": [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }",
    /\[3\] needs 12 bytes, it has 16/,
  ],
  "a huge shape": [
    `{'descr': '<f4', 'fortran_order': False, 'shape': (${"9".repeat(15)}, ${"9".repeat(15)}), }`,
    /needs \S+ bytes, it has 16/,
  ],
  "an infinite shape": [
    `{'descr': '<f4', 'fortran_order': False, 'shape': (${"9".repeat(400)},), }`,
    /needs Infinity bytes, it has 16/,
  ],
  "a negative shape": [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-4,), }",
    /a header that is not NumPy's/,
  ],
  "code": [
    "{'descr': __import__('os').system('true'), 'fortran_order': False}",
    /a header that is not NumPy's/,
  ],
  "no shape": ["{'descr': '<f4', 'fortran_order': False, }", /a header that is not NumPy's/],
  "nothing": ["", /a header that is not NumPy's/],
};

for (const [what, [header, says]] of Object.entries(HEADERS)) {
  Deno.test(`an array with ${what} in its header is refused`, async () => {
    for (const version of [1, 2]) {
      const message = await refusal(zipOf([{ name: "bad.npy", data: npy(header, ONES, version) }]));
      assert.match(message, says);
      assert.match(message, /the array "bad\.npy"/);
    }
  });
}

const megabytes = (count: number) => new Uint8Array(count << 20);

/** Archives that are not what they say, and what the error says. */
const ARCHIVES: Record<string, [bytes: () => Uint8Array, says: RegExp]> = {
  "a bomb: a megabyte that inflates to a gigabyte": [
    () => {
      // Ten members in one place would overlap, so each is there; deflated zeros are a thousandth of their size.
      const zeros = deflated("0.npy", megabytes(100));
      return zipOf(Array.from({ length: 10 }, (_, i) => ({ ...zeros, name: `${i}.npy` })));
    },
    /would inflate to \d+, as no weights do/,
  ],
  "a bomb that says it is small": [
    () => zipOf([{ ...deflated("a.npy", concat(ARRAY, megabytes(100))), size: ARRAY.length }]),
    /"a\.npy" is damaged: it does not inflate to 84 bytes/,
  ],
  "a bomb that says it has four gigabytes": [
    () => zipOf([{ ...deflated("a.npy", ARRAY), size: 0xfffffffe }]),
    /would inflate to \d+, as no weights do/,
  ],
  "many bombs that are each within the limit": [
    () => {
      const zeros = deflated("0.npy", megabytes(40));
      return zipOf(Array.from({ length: 30 }, (_, i) => ({ ...zeros, name: `${i}.npy` })));
    },
    /would inflate to \d+, as no weights do/,
  ],
  "a member that inflates to less than it says": [
    () => zipOf([{ ...deflated("a.npy", ARRAY), size: ARRAY.length + 1 }]),
    /needs 16 bytes, it has 17/,
  ],
  "a member that does not inflate": [
    () => zipOf([{ name: "a.npy", method: 8, data: new Uint8Array(50).fill(255), size: ARRAY.length }]),
    /"a\.npy" is damaged: it does not inflate/,
  ],
  "a wrong checksum": [
    () => zipOf([{ name: "a.npy", data: ARRAY, crc: 1 }]),
    /"a\.npy" is damaged: its checksum differs/,
  ],
  "a wrong checksum of a deflated member": [
    () => zipOf([{ ...deflated("a.npy", ARRAY), crc: 1 }]),
    /"a\.npy" is damaged: its checksum differs/,
  ],
  "two members of one name": [
    () => zipOf([{ name: "a.npy", data: ARRAY }, { name: "a.npy", data: ARRAY, offset: 0 }]),
    /"a\.npy" is there twice/,
  ],
  "a member within another": [
    () =>
      zipOf([{ name: "a.npy", data: zipOf([{ name: "b.npy", data: ARRAY }]) }, {
        name: "b.npy",
        data: ARRAY,
        offset: 35,
      }]),
    /"b\.npy" overlaps the one before/,
  ],
  "a member that is longer than the archive": [
    () => zipOf([{ name: "a.npy", data: ARRAY, packed: 4e9, size: 4e9 }]),
    /"a\.npy" ends at byte 40000\d+, but the directory begins at/,
  ],
  "a member whose header lies beyond the archive": [
    () => zipOf([{ name: "a.npy", data: ARRAY, offset: 4e9 }]),
    /"a\.npy" has no header/,
  ],
  "a member whose header is data": [
    () => zipOf([{ name: "a.npy", data: ARRAY, offset: 10 }]),
    /"a\.npy" has another header than the directory says/,
  ],
  "a member with two names": [
    () => zipOf([{ name: "a.npy", data: ARRAY, localName: "b.npy" }]),
    /"a\.npy" has another header than the directory says/,
  ],
  "a stored member of two sizes": [
    () => zipOf([{ name: "a.npy", data: ARRAY, size: 4e9 }]),
    /gives "a\.npy" two sizes/,
  ],
  "an encrypted member": [
    () => zipOf([{ name: "a.npy", data: ARRAY, flags: 1 }]),
    /is not read: its member "a\.npy" is encrypted; pack it without a password$/,
  ],
  "a member compressed by LZMA": [
    () => zipOf([{ name: "a.npy", data: ARRAY, method: 14 }]),
    /is not read: its member "a\.npy" is compressed by method 14; pack it by DEFLATE/,
  ],
  "the last part of an archive in two": [
    () => {
      const bytes = zipOf([{ name: "a.npy", data: ARRAY }]);
      new DataView(bytes.buffer).setUint16(bytes.length - 22 + 4, 1, true);
      return bytes;
    },
    /is not read: it is one part of an archive that is split into several; join them \(zip -s 0\)$/,
  ],
  "a size for which it has no room": [
    () => zipOf([{ name: "a.npy", data: ARRAY, size: 0xffffffff, packed: 0xffffffff }]),
    /lacks a size of "a\.npy"/,
  ],
  "more entries than its directory": [
    () => zipOf([{ name: "a.npy", data: ARRAY }], { count: 2 }),
    /its directory is damaged/,
  ],
  "fewer entries than its directory": [
    () => zipOf([{ name: "a.npy", data: ARRAY }, { name: "b.npy", data: ARRAY }], { count: 1 }),
    /its directory is longer than its 1 entries/,
  ],
  "more bytes at its end": [
    () => concat(zipOf([{ name: "a.npy", data: ARRAY }]), ONES),
    /no directory at its end \(truncated\?\)/,
  ],
  "more bytes before it": [
    () => concat(Uint8Array.of(0x50, 0x4b, 3, 4), zipOf([{ name: "a.npy", data: ARRAY }])),
    /its directory ends at byte \d+, expected \d+/,
  ],
  "a directory of five megabytes": [
    () => zipOf(Array.from({ length: 80 }, (_, i) => ({ name: `${i}${"x".repeat(65_000)}`, data: ONES }))),
    /its directory has \d+ bytes/,
  ],
  "an array that is none": [
    () => zipOf([{ name: "a.npy", data: ONES }]),
    /"a\.npy" is not in NumPy's format/,
  ],
  "an array of two bytes": [
    () => zipOf([{ name: "a.npy", data: ONES.subarray(0, 2) }]),
    /not in NumPy's format/,
  ],
  "an array with a header of 60 kB": [
    () => zipOf([{ name: "a.npy", data: npy(HEADER.padEnd(60_000), ONES) }]),
    /has a header of 60\d+ bytes, expected at most 4096/,
  ],
  "something beside its arrays": [
    () => zipOf([{ name: "a.npy", data: ARRAY }, { name: "run\nme.py", data: ONES }]),
    /holds "run\\nme\.py" beside NumPy's arrays/,
  ],
  "two descriptions of tensors": [
    () =>
      zipOf(
        ["a", "b"].map((root) => ({ name: `${root}/data.pkl`, data: Uint8Array.of(0x80, 2, 0x7d, 0x2e) })),
      ),
    /both "a\/data\.pkl" and "b\/data\.pkl"/,
  ],
  "a description of 20 MB": [
    () => zipOf([{ name: "a/data.pkl", data: megabytes(20) }]),
    /holds 20971520 bytes of other values/,
  ],
};

for (const [what, [bytes, says]] of Object.entries(ARCHIVES)) {
  Deno.test(`an archive is refused, soon and in little memory: ${what}`, async () => {
    assert.match(await refusal(bytes()), says);
  });
}
