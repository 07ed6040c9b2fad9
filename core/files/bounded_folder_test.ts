import assert from "node:assert/strict";
import { join } from "node:path";
import { inFolder } from "../../tests/support/plugin_context.ts";
import { writeAtomically } from "./atomic_file.ts";
import { boundFolder, markUsed } from "./bounded_folder.ts";

const HOUR = 3600 * 1000, BOUND = { most: 250, ending: ".part" };

/** Writes a file of 100 bytes that was used so many hours ago. */
async function write(folder: string, name: string, hours: number): Promise<string> {
  const path = join(folder, name), then = new Date(Date.now() - hours * HOUR);
  await Deno.writeFile(path, new Uint8Array(100));
  await Deno.utime(path, then, then);
  return path;
}

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("what was used longest ago goes until the rest has room; other files stay", () =>
  inFolder(async (folder) => {
    for (const [name, hours] of [["a.part", 3], ["b.part", 5], ["c.part", 1], ["d.part", 4]] as const) {
      await write(folder, name, hours);
    }
    await write(folder, "other.txt", 1000);
    await markUsed(join(folder, "b.part"));
    await boundFolder(folder, BOUND);
    assert.deepEqual(namesIn(folder), ["b.part", "c.part", "other.txt"]);
    await boundFolder(folder, BOUND);
    assert.equal(namesIn(folder).length, 3, "what has room stays");
  }));

Deno.test("what a process is writing stays, and what a dead one has left for days goes", () =>
  inFolder(async (folder) => {
    const dead = "a.part.7-0011223344556677.tmp", alive = "b.part.8-0011223344556677.tmp";
    await write(folder, dead, 25);
    await write(folder, alive, 1);
    await boundFolder(folder, { ...BOUND, most: 0 });
    assert.deepEqual(namesIn(folder), [alive]);
  }));

Deno.test("a file that is being read when it goes is read to its end", {
  ignore: Deno.build.os === "windows",
}, () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.part");
    await writeAtomically(path, [new Uint8Array(1 << 16).fill(7)]);
    using file = await Deno.open(path);
    await file.read(new Uint8Array(10));
    await boundFolder(folder, BOUND);
    assert.deepEqual(namesIn(folder), []);
    const rest = new Uint8Array(1 << 17);
    let size = 0;
    for (let n; (n = await file.read(rest.subarray(size))) !== null;) size += n;
    assert.equal(size, (1 << 16) - 10);
    assert.ok(rest.subarray(0, size).every((byte) => byte === 7));
  }));

Deno.test("several at once remove no more than one alone", () =>
  inFolder(async (folder) => {
    for (let i = 0; i < 40; i++) await write(folder, `${i}.part`, 40 - i);
    await Promise.all(Array.from({ length: 8 }, () => boundFolder(folder, { ...BOUND, most: 1000 })));
    const expected = Array.from({ length: 10 }, (_, i) => `${30 + i}.part`);
    assert.deepEqual(namesIn(folder), expected);
  }));

Deno.test("that a file was used is not noted where nothing can be written", () =>
  inFolder(async (folder) => await markUsed(join(folder, "none.part"))));
