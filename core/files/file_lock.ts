/**
 * Locks between processes: on a file of their own beside what they protect, which the system releases when the
 * process ends, however it does. The file stays: were it removed, a process that waits for it and one that makes it
 * anew could both believe they hold it.
 *
 * @module
 */

/** Takes a lock unless another holds it. Null: another does. */
export function tryLockFile(path: string): Disposable | null {
  const file = Deno.openSync(path, { create: true, write: true });
  let isOurs = false;
  try {
    isOurs = file.tryLockSync(true);
  } finally {
    if (!isOurs) file.close();
  }
  return isOurs ? file : null;
}

/**
 * Waits for a lock.
 *
 * @param onWait Called once if another holds it.
 * @throws the signal's reason if it is aborted before.
 */
export async function lockFile(path: string, signal: AbortSignal, onWait?: () => void): Promise<Disposable> {
  const file = await Deno.open(path, { create: true, write: true });
  try {
    for (let attempt = 0; !await file.tryLock(true); attempt++) {
      signal.throwIfAborted();
      if (attempt === 0) onWait?.();
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  } catch (error) {
    file.close();
    throw error;
  }
  return file;
}
