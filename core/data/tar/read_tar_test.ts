import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { RunError } from "../../errors.ts";
import { readTar, type TarMember } from "./read_tar.ts";
import { sumOf } from "./header.ts";
import { TAR_END, tarMember } from "./write_tar.ts";
import { joined, utf8 } from "../../../tests/support/bytes.ts";
import golden from "../../../tests/golden/tar.json" with { type: "json" };

async function list(bytes: Uint8Array): Promise<TarMember[]> {
  const path = await Deno.makeTempFile({ prefix: "seed-tar-", suffix: ".tar" });
  try {
    await Deno.writeFile(path, bytes);
    using file = await Deno.open(path);
    return [...readTar(file, path)];
  } finally {
    await Deno.remove(path);
  }
}

async function refusal(bytes: Uint8Array): Promise<string> {
  const error = await list(bytes).then(() => null, (error) => error);
  assert.ok(error instanceof RunError, `expected a RunError, got ${error}`);
  assert.match(error.message, /^Cannot read the archive ".*\.tar" at byte \d+: /);
  return error.message.replace(/^.*? at byte/, "at byte");
}

const tarOf = (...files: [name: string, content: string][]) =>
  joined([...files.flatMap(([name, content]) => tarMember(name, utf8(content))), TAR_END]);

Deno.test("readTar() lists what Python's tarfile writes, in all its formats", async () => {
  for (const [format, { gzip, members }] of Object.entries(golden)) {
    const bytes = new Uint8Array(gunzipSync(Uint8Array.fromBase64(gzip)));
    const found = (await list(bytes)).map(({ name, offset, start, size }) => {
      const hash = createHash("sha256").update(bytes.subarray(start, start + size)).digest("hex");
      return [name, [offset, start, size, hash]];
    });
    const expected = Object.entries(members).map(([name, facts]) => [name.replace(/^\.\//, ""), facts]);
    assert.deepEqual(found, expected, format);
  }
});

Deno.test("what tarMember() writes is read again, whatever the name", async () => {
  const names = ["a.jpg", "ä/ü.jpg", `${"n".repeat(90)}/1234567.j`, `${"n".repeat(100)}/1.jpg`];
  const bytes = tarOf(...names.map((name): [string, string] => [name, `content of ${name}`]));
  for (const [i, { name, start, size }] of (await list(bytes)).entries()) {
    assert.equal(name, names[i]);
    assert.equal(new TextDecoder().decode(bytes.subarray(start, start + size)), `content of ${name}`);
  }
  assert.deepEqual(await list(TAR_END), []);
});

Deno.test("an archive that is cut anywhere is refused, but within its end mark", async () => {
  const whole = tarOf(["a/1.jpg", "one ".repeat(99)], ["b/2.jpg", "two "], [`${"n".repeat(120)}.jpg`, "3"]);
  const end = whole.length - TAR_END.length, all = await list(whole);
  for (let cut = 0; cut < whole.length; cut += 97) {
    const part = whole.subarray(0, cut);
    if (cut > end) assert.deepEqual(await list(part), all, `${cut}`);
    else assert.match(await refusal(part), /: it was cut short$/, `${cut}`);
  }
  assert.match(await refusal(whole.subarray(0, end)), /^at byte \d+: the file ends without .* end mark/);
});

/** An archive of one file whose header is changed, with its sum made right. */
function changed(change: (header: Uint8Array) => void): Uint8Array {
  const bytes = tarOf(["a.jpg", "content"]), header = bytes.subarray(0, 512);
  change(header);
  header.set(utf8(`${sumOf(header).toString(8).padStart(6, "0")}\0 `), 148);
  return bytes;
}
const typed = (type: string) => changed((header) => header.set(utf8(type), 156));
const sized = (size: string) => changed((header) => header.set(utf8(size), 124));
/** GNU's form of sizes that octal digits do not hold. */
const binarySize = (...bytes: number[]) =>
  changed((header) => {
    header.fill(0, 124, 136);
    header.set([0x80], 124);
    header.set(bytes, 136 - bytes.length);
  });
/** A pax header before a file. */
const withRecords = (records: string) => {
  const header = changed((block) => {
    block.set(utf8("x"), 156);
    block.set(utf8(`${records.length.toString(8).padStart(11, "0")}\0`), 124);
  }).subarray(0, 512);
  return joined([header, utf8(records), new Uint8Array(512 - records.length), tarOf(["a.jpg", "content"])]);
};

Deno.test("sizes may be in GNU's binary form", async () => {
  assert.deepEqual((await list(binarySize(7))).map(({ size }) => size), [7]);
  assert.match(await refusal(binarySize(2, 0, 0, 0, 0)), /would end at byte 8589935104/);
});

Deno.test("what is damaged or leads out of an archive is refused with its byte", async () => {
  const damaged = tarOf(["a.jpg", "content"], ["b.jpg", "content"]);
  damaged[1024 + 5] ^= 1;
  const cases: [Uint8Array, RegExp][] = [
    [damaged, /^at byte 1024: the header's checksum is \d+, expected \d+/],
    [tarOf(["../a.jpg", ""]), /^at byte 0: the path "\.\.\/a\.jpg" has a "\.\." in it: it leads out/],
    [tarOf(["a/b/../../../c", ""]), /leads out/],
    [tarOf(["/etc/a.jpg", ""]), /the path "\/etc\/a\.jpg" is absolute/],
    [withRecords("18 path=../../a.j\n"), /^at byte 1024: the path "\.\.\/\.\.\/a\.j" has/],
    [typed("1"), /^at byte 0: "a\.jpg" is a hard link, expected files and folders only/],
    [typed("2"), /is a symbolic link/],
    [typed("3"), /is a device/],
    [typed("Q"), /is of the unknown type "Q"/],
    [typed("5"), /the folder "a\.jpg" has a content of 7 bytes/],
    [sized("77777777777\0"), /the content of "a\.jpg" would end at byte 8589935103, the file ends at \d+/],
    [sized("1234x678901\0"), /the header's size is "1234x678901", expected an octal number/],
    [binarySize(0x40, 0, 0, 0, 0, 0, 0), /the header's size is ".*", expected an octal number/s],
    [changed((header) => header.set([0xff, 0xfe])), /^at byte 0: a name in the header is not UTF-8$/],
    [
      changed((header) => header.fill(0xff, 124, 136)),
      /the header's size is "ÿ{12}", expected an octal number/,
    ],
    [withRecords("17 size=99999999\n"), /would end at byte 100001535/],
    [withRecords("99 path=a\n"), /its pax records are damaged at their byte 0/],
    [withRecords("10 path=a\n0 x=y\n"), /its pax records are damaged at their byte 10/],
    [withRecords("21 GNU.sparse.major=1\n"), /damaged|sparse/],
    [withRecords("22 GNU.sparse.major=1\n"), /it is a sparse file/],
    [
      joined([typed("L").subarray(0, 1024), TAR_END]),
      /^at byte 0: the archive ends after the name of a file/,
    ],
    [joined([tarOf(["a", "1"]), tarOf(["b", "2"])]), /^at byte 2048: there is more after .* byte 1024/],
  ];
  for (const [bytes, says] of cases) assert.match(await refusal(bytes), says);
});

Deno.test("names that would take much memory are refused before it is taken", async () => {
  const huge = changed((header) => {
    header.set(utf8("L"), 156);
    header.set(utf8("00020000000\0"), 124);
  });
  assert.match(await refusal(huge), /^at byte 0: it says that a name takes 4194304 bytes, expected at most/);
});
