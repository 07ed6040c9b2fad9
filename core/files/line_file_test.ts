import assert from "node:assert/strict";
import { join } from "node:path";
import { LineFile } from "./line_file.ts";
import { WriteError } from "./writing.ts";

/** A file whose writes a test can cut short. */
async function withFile(test: (path: string, file: LineFile, failing: Failing) => void): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-lines-" }), path = join(folder, "lines");
  const { writeSync, truncateSync } = Deno.FsFile.prototype,
    failing: Failing = { room: Infinity, truncates: true };
  await Deno.writeTextFile(path, "zero\n");
  try {
    Deno.FsFile.prototype.writeSync = function (bytes) {
      if (failing.room === 0) throw Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
      const written = writeSync.call(this, bytes.subarray(0, failing.room));
      failing.room -= written;
      return written;
    };
    Deno.FsFile.prototype.truncateSync = function (length) {
      if (!failing.truncates) throw Object.assign(new Error("Input/output error"), { code: "EIO" });
      truncateSync.call(this, length);
    };
    using file = LineFile.open(path);
    test(path, file, failing);
  } finally {
    Object.assign(Deno.FsFile.prototype, { writeSync, truncateSync });
    await Deno.remove(folder, { recursive: true });
  }
}

interface Failing {
  /** Bytes that the disk has room for. */
  room: number;
  /** Whether a file can be cut. */
  truncates: boolean;
}

const refused = (path: string) => (error: unknown) => {
  assert.ok(error instanceof WriteError);
  assert.equal(error.message, `Cannot write "${path}": No space left on device`);
  return true;
};

Deno.test("a line is written whole or not at all", () =>
  withFile((path, file, failing) => {
    file.append("one");
    failing.room = 4; // of the eight bytes of the next
    assert.throws(() => file.append("täxtes"), refused(path));
    assert.equal(Deno.readTextFileSync(path), "zero\none\n");
    failing.room = Infinity;
    file.append("two");
    file.sync();
    assert.equal(Deno.readTextFileSync(path), "zero\none\ntwo\n");
  }));

Deno.test("of a line that could not be cut off either nothing is glued to the next", () =>
  withFile((path, file, failing) => {
    Object.assign(failing, { room: 2, truncates: false });
    assert.throws(() => file.append("one"), refused(path));
    assert.equal(Deno.readTextFileSync(path), "zero\non", "which readers leave out");
    Object.assign(failing, { room: Infinity, truncates: true });
    file.append("two");
    assert.equal(Deno.readTextFileSync(path), "zero\ntwo\n");
  }));
