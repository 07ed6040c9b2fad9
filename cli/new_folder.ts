/**
 * Folders that are there whole or not at all.
 *
 * @module
 */
import { basename, dirname, join, resolve } from "node:path";
import { UsageError } from "@seed/core";
import { exists, tryLockFile, writing } from "@seed/core/host";

/**
 * Makes sure that a folder can be written as a new one.
 *
 * @throws {UsageError} If it has something in it, or is a file.
 * @throws {WriteError} If the operating system does not let it be looked at.
 */
export async function refuseFilled(out: string): Promise<void> {
  const found = await writing(out, async () => {
    const info = await Deno.lstat(out).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    });
    const isEmpty = info?.isDirectory && (await Array.fromAsync(Deno.readDir(out))).length === 0;
    return info && { isDirectory: info.isDirectory, isEmpty };
  });
  if (!found || found.isEmpty) return;
  const what = found.isDirectory ? "is a folder that is not empty" : "is a file, not a folder";
  throw new UsageError(`"${out}" ${what}; nothing is overwritten: name another, or remove it`);
}

/** What a folder's name ends in that is not filled yet, before the random part. */
const PARTIAL = ".partial-";
/** In such a folder: held by the process that fills it. */
const LOCK = ".lock";

/**
 * Fills a folder beside `out` that becomes it at the end, or is removed; those that processes have left which were
 * killed are removed too.
 *
 * @param options.refuse Throws if `out` cannot be had any more: it is asked again before the folder takes the name.
 * @param options.signal Keeps the folder from taking it; null: nothing does.
 * @returns what `fill` does.
 */
export async function inNewFolder<T>(
  out: string,
  { refuse, signal }: { refuse(out: string): Promise<void>; signal: AbortSignal | null },
  fill: (folder: string) => Promise<T>,
): Promise<T> {
  const target = resolve(out), beside = dirname(target), prefix = `.${basename(target)}${PARTIAL}`;
  await writing(out, () => Deno.mkdir(beside, { recursive: true }));
  await removeLeftovers(beside, prefix);
  const folder = join(beside, prefix + crypto.randomUUID());
  await writing(out, () => Deno.mkdir(folder)); // fails if it is there
  try {
    let made: T;
    {
      using _lock = tryLockFile(join(folder, LOCK));
      made = await writing(out, () => fill(folder));
      await Deno.remove(join(folder, LOCK));
    }
    await refuse(out);
    signal?.throwIfAborted();
    await writing(out, async () => {
      if (await exists(target)) await Deno.remove(target); // an empty one; of a filled one this fails
      await Deno.rename(folder, target);
    });
    return made;
  } finally {
    await Deno.remove(folder, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

/** Milliseconds after which a folder without a lock is a dead process's: a live one has it for an instant alone. */
const DEAD_AFTER = 10 * 60 * 1000;

/** A folder whose lock can be taken is nobody's any more. */
async function removeLeftovers(beside: string, prefix: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(beside)) {
    const folder = join(beside, name), file = join(folder, LOCK);
    if (!isDirectory || !name.startsWith(prefix)) continue;
    const isLocked = await exists(file);
    using lock = isLocked ? tryLockFile(file) : null;
    // Without a lock it has just been made, or is about to become what it is; or its process died just then.
    if (lock || !isLocked && await isOld(folder)) await Deno.remove(folder, { recursive: true });
  }
}

async function isOld(folder: string): Promise<boolean> {
  const { mtime } = await Deno.lstat(folder);
  return mtime !== null && Date.now() - mtime.getTime() > DEAD_AFTER;
}
