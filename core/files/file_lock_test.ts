import assert from "node:assert/strict";
import { RunError } from "../errors.ts";
import { lockFile, tryLockFile } from "./file_lock.ts";

/** Runs a test where no file can be locked, as on some network file systems. */
async function withoutLocks(test: () => Promise<void>): Promise<void> {
  const { tryLockSync } = Deno.FsFile.prototype;
  const refuse = () => {
    throw Object.assign(new Error("No locks available (os error 37)"), { code: "ENOLCK" });
  };
  Object.assign(Deno.FsFile.prototype, { tryLockSync: refuse });
  try {
    await test();
  } finally {
    Object.assign(Deno.FsFile.prototype, { tryLockSync });
  }
}

const { signal } = new AbortController();

Deno.test("whoever locks a file is told where that cannot be done, and what is asked of the place", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-lock-" }), path = `${folder}/lock`;
  const refused = (locking: () => Promise<unknown>, says: string) =>
    assert.rejects(locking, (error: Error) => {
      assert.ok(error instanceof RunError, `${error.stack}`);
      assert.ok(error.message.startsWith(says), error.message);
      assert.match(error.message, /; it has to be on a file system with locks/);
      return true;
    });
  try {
    await withoutLocks(async () => {
      await refused(() => lockFile(path, signal), `Cannot lock "${path}": No locks available (os error 37)`);
      await refused(
        async () => await tryLockFile(path),
        `Cannot lock "${path}": No locks available (os error 37)`,
      );
    });
    using held = await lockFile(path, signal);
    assert.ok(held);
    assert.equal(tryLockFile(path), null);
    await assert.rejects(lockFile(path, AbortSignal.abort(new Error("stopped"))), /^Error: stopped$/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
