/**
 * Locks between processes: on a file of their own beside what they protect, which the system releases when the
 * process ends, however it does. The file stays: were it removed, a process that waits for it and one that makes it
 * anew could both believe they hold it.
 *
 * @module
 */
import { RunError } from "../errors.ts";
import { isOfSystem } from "./writing.ts";

/**
 * Takes a lock unless another holds it. Null: another does.
 *
 * @throws {RunError} If its file system cannot lock.
 * @throws if the file cannot be opened.
 */
export function tryLockFile(path: string): Deno.FsFile | null {
  for (;;) {
    const file = Deno.openSync(path, { create: true, write: true });
    let isOurs = false;
    try {
      if (!orExplain(path, () => file.tryLockSync(true))) return null;
      isOurs = isStillAt(path, file);
    } finally {
      if (!isOurs) file.close();
    }
    if (isOurs) return file;
  }
}

/**
 * Whether a process holds a lock, for who only looks; false if there is no such file, or its file system cannot lock.
 * Who takes the lock at the same moment may find it held: {@link tryLockFile} is to be tried again then.
 */
export function isFileLocked(path: string): boolean {
  try {
    if (!Deno.statSync(path).isFile) return false; // who opens a pipe waits for good
    using file = Deno.openSync(path);
    return !file.tryLockSync(false); // closing it lets go of it
  } catch (error) {
    if (isOfSystem(error)) return false;
    throw error;
  }
}

/** Whether a file was not removed, with its folder, between its opening and its lock: that lock would keep nobody out. */
function isStillAt(path: string, file: Deno.FsFile): boolean {
  try {
    const there = Deno.statSync(path), ours = file.statSync();
    return there.ino === ours.ino && there.dev === ours.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Waits for a lock. The file is opened anew at each look: whoever held it may have renamed or removed it.
 *
 * @param onWait Called once if another holds it.
 * @throws {RunError} If its file system cannot lock.
 * @throws if the file cannot be opened, or the signal's reason if it is aborted before.
 */
export async function lockFile(path: string, signal: AbortSignal, onWait?: () => void): Promise<Deno.FsFile> {
  for (let attempt = 0;; attempt++) {
    const file = tryLockFile(path);
    if (file) return file;
    signal.throwIfAborted();
    if (attempt === 0) onWait?.();
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

/** What a file system cannot do is the user's to mend. */
function orExplain(path: string, lock: () => boolean): boolean {
  try {
    return lock();
  } catch (error) {
    throw new RunError(
      `Cannot lock "${path}": ${
        (error as Error).message
      }; it has to be on a file system with locks (of network file ` +
        "systems some have none)",
      { cause: error },
    );
  }
}
