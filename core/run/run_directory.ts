/**
 * The folder of a run that this process writes: made, or opened to go on, and locked meanwhile.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { UsageError } from "../errors.ts";
import { removeLeftovers, writeTextAtomically } from "../files/atomic_file.ts";
import { tryLockFile } from "../files/file_lock.ts";
import { exists } from "../files/path_exists.ts";
import { writing, writingSync } from "../files/writing.ts";
import { RUN_FILES, RunFolder } from "./run_folder.ts";

/** The folder of one run. Disposing of it removes it if the run has not begun: one that could not leaves no folder. */
export class RunDirectory extends RunFolder implements AsyncDisposable {
  private constructor(path: string, private readonly lock: Disposable) {
    super(path);
  }

  /**
   * Makes a new folder. Without a name given it is `runs/<recipe>`, or the first free `runs/<recipe>-2`, ...
   *
   * @throws {UsageError} If the folder that was named has something in it, is a file, or another process writes it.
   */
  static async create(recipeName: string, named: string | null): Promise<RunDirectory> {
    const path = named ?? await claimFree(join("runs", recipeName));
    await requireUnused(path);
    await writing(path, () => Deno.mkdir(path, { recursive: true }));
    return await RunDirectory.#locked(path, () => requireUnused(path)); // another may have begun, and ended, meanwhile
  }

  /**
   * Opens an existing run to go on with it. Without a name given it is the one of the recipe that began last.
   *
   * @throws {UsageError} If there is none, or another process writes it; nothing is changed then.
   */
  static async open(recipeName: string, named: string | null): Promise<RunDirectory> {
    const path = named ?? await newest("runs", recipeName);
    if (path === null || !await new RunFolder(path).isRun()) {
      throw new UsageError(
        `There is no run to resume in "${path ?? join("runs", recipeName)}"; leave --resume out to start one`,
      );
    }
    return await RunDirectory.#locked(path, (directory) => directory.#removeLeftovers());
  }

  /** Locks a folder, and lets go of it again if `prepare` fails. */
  static async #locked(
    path: string,
    prepare: (directory: RunDirectory) => Promise<void>,
  ): Promise<RunDirectory> {
    const lock = lockRun(path), directory = new RunDirectory(path, lock);
    try {
      await prepare(directory);
      return directory;
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (await isEmpty(this.path)) await Deno.remove(this.path, { recursive: true });
    this.lock[Symbol.dispose]();
  }

  /** Writes what was asked, resolved: from here on the folder is a run's. */
  async begin(recipe: string): Promise<void> {
    await writing(this.file("checkpoints"), () => Deno.mkdir(this.file("checkpoints")));
    await this.writeText("recipe", recipe);
  }

  async writeText(what: keyof typeof RUN_FILES, text: string): Promise<void> {
    await writing(this.file(what), () => writeTextAtomically(this.file(what), text));
  }

  async writeJson(what: keyof typeof RUN_FILES, value: unknown): Promise<void> {
    await this.writeText(what, JSON.stringify(value, null, 2) + "\n");
  }

  /** Files that a crash left half written, under their temporary names. */
  async #removeLeftovers(): Promise<void> {
    for (const folder of [this.path, this.file("checkpoints")]) await removeLeftovers(folder, true);
  }
}

/**
 * Holds a run's folder for this process.
 *
 * @throws {UsageError} If another process does.
 */
function lockRun(path: string): Disposable {
  const file = join(path, RUN_FILES.lock), lock = writingSync(file, () => tryLockFile(file));
  if (lock) return lock;
  throw new UsageError(
    `Another process is writing the run "${path}"; wait until it is done or interrupt it, or name another folder with --out`,
  );
}

/**
 * Makes sure that a new run can have a folder: it is empty, or not there yet.
 *
 * @throws {UsageError} If it has something in it, or is a file.
 */
export async function requireUnused(path: string): Promise<void> {
  if (!await exists(path)) return;
  if (!(await Deno.stat(path)).isDirectory) {
    throw new UsageError(`"${path}" is a file; name a folder with --out`);
  }
  if (await isEmpty(path)) return;
  throw new UsageError(
    `The folder "${path}" is not empty; add --resume to go on with its run, or name another with --out`,
  );
}

/** Makes the first folder of the name that is not there yet; of two processes each gets one of its own. */
async function claimFree(path: string): Promise<string> {
  await writing(dirname(path), () => Deno.mkdir(dirname(path), { recursive: true }));
  for (let n = 1;; n++) {
    const candidate = n === 1 ? path : `${path}-${n}`;
    try {
      await Deno.mkdir(candidate);
      return candidate;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
}

async function newest(folder: string, recipeName: string): Promise<string | null> {
  let best: { path: string; time: number } | null = null;
  if (!await exists(folder)) return null;
  for await (const { name } of Deno.readDir(folder)) {
    if (
      name !== recipeName && !(name.startsWith(recipeName) && /^-\d+$/.test(name.slice(recipeName.length)))
    ) {
      continue;
    }
    const path = join(folder, name),
      began = await Deno.stat(new RunFolder(path).file("recipe")).catch(() => null);
    const time = began?.mtime?.getTime() ?? -1;
    if (began && (!best || time > best.time)) best = { path, time };
  }
  return best?.path ?? null;
}

/** Whether there is nothing in it but, at most, a lock. */
async function isEmpty(folder: string): Promise<boolean> {
  for await (const { name } of Deno.readDir(folder)) if (name !== RUN_FILES.lock) return false;
  return true;
}
