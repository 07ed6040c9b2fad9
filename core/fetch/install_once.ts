/**
 * What is fetched once into the user's cache: whole or not at all, and by one process at a time.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { ProgressLine } from "../text/progress_line.ts";
import { RunError } from "../errors.ts";
import { lockFile } from "../files/file_lock.ts";
import { exists } from "../files/path_exists.ts";
import { writingInCache } from "./cache_directory.ts";

/** What to install, and where. */
export interface Installation {
  /** Its name and version, for messages. */
  what: string;
  /** Where it comes from, for messages. */
  from: string;
  /** Folder that it shall be in; exists afterwards, complete. */
  into: string;
  /** Files that must be in it, relative. */
  expect: string[];
  log(message: string): void;
  signal: AbortSignal;
}

/**
 * Installs something unless it is there. Everything happens in a folder beside `into` that is renamed at the end,
 * so that a half of it is never taken for the whole; a lock keeps a second process waiting.
 *
 * @param fetch Fills the folder it is given.
 * @throws {RunError} If files are missing afterwards, or the cache cannot be written.
 */
export async function installOnce(
  wanted: Installation,
  fetch: (folder: string) => Promise<void>,
): Promise<void> {
  if (await isInstalled(wanted)) return;
  await writingInCache(dirname(wanted.into), () => Promise.resolve());
  using _lock = await acquireLock(`${wanted.into}.lock`, wanted);
  if (await isInstalled(wanted)) return; // the process that held the lock has installed it
  await removeLeftovers(wanted.into);
  const temporary = `${wanted.into}.partial-${Deno.pid}`;
  try {
    await writingInCache(temporary, () => Promise.resolve());
    using _progress = new ArrivalProgress(temporary, wanted);
    await fetch(temporary);
    await requireFiles(temporary, wanted);
    await removeIfThere(wanted.into);
    await Deno.rename(temporary, wanted.into);
  } finally {
    await removeIfThere(temporary);
  }
  wanted.log(`Installed ${wanted.what} in ${wanted.into}`);
}

/** Whether everything is there. */
export async function isInstalled({ into, expect }: Pick<Installation, "into" | "expect">): Promise<boolean> {
  for (const file of expect) {
    if (!await exists(join(into, file))) return false;
  }
  return true;
}

async function requireFiles(folder: string, { what, expect }: Installation): Promise<void> {
  for (const file of expect) {
    if (await exists(join(folder, file))) continue;
    throw new RunError(
      `The package ${what} does not hold "${file}"; what was fetched is not the expected one`,
    );
  }
}

/** Shows what has arrived on the disk. */
class ArrivalProgress implements Disposable {
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #line: ProgressLine;

  constructor(folder: string, { what, from, log }: Installation) {
    log(`Installing ${what} from ${from} (once)`);
    this.#line = new ProgressLine(`Installing ${what}`, { total: null, unit: "bytes" });
    this.#timer = setInterval(() => this.#line.update(sizeOf(folder)), 500);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#line[Symbol.dispose]();
  }
}

function sizeOf(folder: string): number {
  let total = 0;
  try {
    for (const entry of Deno.readDirSync(folder)) {
      const path = join(folder, entry.name);
      total += entry.isDirectory ? sizeOf(path) : Deno.statSync(path).size;
    }
  } catch (error) {
    // Files come and go while it is fetched.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return total;
}

async function acquireLock(path: string, { log, signal }: Installation): Promise<Disposable> {
  const waiting = () => log(`Waiting for another process that is installing the same package (${path})`);
  try {
    return await lockFile(path, signal, waiting);
  } catch (error) {
    if (signal.aborted && error === signal.reason) throw error;
    throw new RunError(
      `Cannot lock "${path}": ${(error as Error).message}; set SEED_CACHE_DIR to a folder elsewhere`,
    );
  }
}

/** Removes what a process that was killed has left beside `into`. Call with the lock. */
async function removeLeftovers(into: string): Promise<void> {
  const prefix = `${basename(into)}.partial-`;
  for await (const { name } of Deno.readDir(dirname(into))) {
    if (name.startsWith(prefix)) await removeIfThere(join(dirname(into), name));
  }
}

async function removeIfThere(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}
