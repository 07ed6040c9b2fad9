/**
 * The folder of a run that this process writes: made, or opened to go on, and locked meanwhile.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { UsageError } from "../errors.ts";
import { removeLeftovers, writeTextAtomically } from "../files/atomic_file.ts";
import { tryLockFile } from "../files/file_lock.ts";
import { writing } from "../files/writing.ts";
import { exists, isFolder } from "../files/path_exists.ts";
import { newestRun } from "./newest_run.ts";
import { RUN_FILES, RunFolder } from "./run_folder.ts";
import { isEmpty, isUnbegun, removeUnbegun, requireUnused } from "./unused_folder.ts";

/** The folder of one run. Disposing of it removes it if the run has not begun: one that could not leaves no folder. */
export class RunDirectory extends RunFolder implements AsyncDisposable {
  /** @param made Folders that were made for it, the lowest first: they go too if the run does not begin. */
  private constructor(
    path: string,
    private readonly lock: Disposable,
    private readonly made: readonly string[],
  ) {
    super(path);
  }

  /**
   * Makes a new folder. Without a name given it is `runs/<recipe>`, or the first free `runs/<recipe>-2`, ...
   *
   * @throws {UsageError} If the folder that was named has something in it, is a file, or another process writes it.
   */
  static async create(recipeName: string, named: string | null): Promise<RunDirectory> {
    if (named !== null) return await RunDirectory.#make(named);
    const above = await writing("runs", () => makeAbove(join("runs", recipeName)));
    return await orRemoving(above, async () => {
      for (let n = 1;; n++) {
        const path = join("runs", n === 1 ? recipeName : `${recipeName}-${n}`);
        if (!await claim(path)) continue;
        const lock = await orRemoving([path], () => tryLockRun(path));
        if (lock) return await RunDirectory.#take(path, lock, [path, ...above]); // null: another process was faster
      }
    });
  }

  static async #make(path: string): Promise<RunDirectory> {
    await requireUnused(path);
    // A folder that is empty may be a disk that is mounted there: it was not a start that made it.
    const isOurs = !await exists(path) || await exists(join(path, RUN_FILES.lock));
    const above = await writing(path, () => makeAbove(path)), made = isOurs ? [path, ...above] : above;
    return await orRemoving(made, async () => {
      await writing(path, () => Deno.mkdir(path, { recursive: true }));
      return await RunDirectory.#take(path, await lockRun(path), made);
    });
  }

  static async #take(path: string, lock: Disposable, made: readonly string[]): Promise<RunDirectory> {
    return await RunDirectory.#prepared(new RunDirectory(path, lock, made), async (directory) => {
      await requireUnused(path); // another may have begun, and ended, before it was locked
      await removeUnbegun(directory.path);
    });
  }

  /**
   * Opens an existing run to go on with it. Without a name given it is the one of the recipe that began last.
   *
   * @throws {UsageError} If there is none, or another process writes it; nothing is changed then.
   */
  static async open(recipeName: string, named: string | null): Promise<RunDirectory> {
    const path = named ?? await newestRun("runs", recipeName);
    if (path === null || !await new RunFolder(path).isRun()) {
      throw new UsageError(
        `There is no run to resume in "${path ?? join("runs", recipeName)}"; leave --resume out to start one`,
      );
    }
    if ((await new RunFolder(path).checkpointSteps()).length === 0) {
      throw new UsageError(
        `The run "${path}" has no checkpoint to resume from; ${
          await isUnbegun(path)
            ? "it never began: leave --resume out to start it"
            : "start another with --out, and delete this folder when you need nothing of it"
        }`,
      );
    }
    const directory = new RunDirectory(path, await lockRun(path), []);
    return await RunDirectory.#prepared(directory, () => directory.#removeLeftovers());
  }

  /** Lets go of the lock again if `prepare` fails. */
  static async #prepared(
    directory: RunDirectory,
    prepare: (directory: RunDirectory) => Promise<void>,
  ): Promise<RunDirectory> {
    try {
      await prepare(directory);
      return directory;
    } catch (error) {
      directory.lock[Symbol.dispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (await exists(this.path) && await isUnbegun(this.path)) {
      await removeUnbegun(this.path);
      await Deno.remove(this.file("lock")).catch(() => {}); // one that is gone is no harm
      await removeEmpty(this.made); // a recipe of somebody's own may stay, and its folder with it
    }
    this.lock[Symbol.dispose]();
  }

  /**
   * Makes the folder a run's, all at once: a process that is killed in the midst leaves what {@link requireUnused} takes
   * for unused.
   *
   * @param recipe What was asked, resolved.
   * @param facts What is told of the run, for `run.json`.
   * @param saveState Writes the first checkpoint.
   */
  async begin(recipe: string, facts: unknown, saveState: () => Promise<void>): Promise<void> {
    await writing(this.path, () => Deno.mkdir(this.file("checkpoints")));
    await saveState();
    await this.writeJson("facts", facts);
    await this.writeText("recipe", recipe); // last: it is what a run is known by
  }

  /** Makes the folder no run's again: of loggers one cannot start, the others have left files, and no step was taken. */
  async takeBack(): Promise<void> {
    await removeUnbegun(this.path);
  }

  /**
   * Sets aside what a run has left that was finished and now goes on: until its new end nothing says that it is.
   *
   * @param step That it goes on after, for what does not say itself when it was finished.
   */
  async setResultsAside(step: number): Promise<void> {
    const steps = (await this.summary())?.steps, end = Number.isInteger(steps) ? steps : step;
    // The student first: without it nothing is taken for a finished run's, wherever this is cut off.
    for (const what of ["student", "report", "summary"] as const) {
      const path = this.file(what), aside = this.#aside(what, Number(end));
      if (await exists(path)) await writing(aside, () => Deno.rename(path, aside));
    }
  }

  /** Whether there is a summary of an end at a step that the run has gone on from. */
  async hasSetAside(step: number): Promise<boolean> {
    return await exists(this.#aside("summary", step));
  }

  #aside(what: "student" | "report" | "summary", step: number): string {
    return this.file(what).replace(/(\.[a-z]+)$/, `-step-${step}$1`);
  }

  async writeText(what: keyof typeof RUN_FILES, text: string): Promise<void> {
    await writing(this.file(what), () => writeTextAtomically(this.file(what), text));
  }

  async writeJson(what: keyof typeof RUN_FILES, value: unknown): Promise<void> {
    await this.writeText(what, JSON.stringify(value, null, 2) + "\n");
  }

  /** Files that a crash left half written, under their temporary names. */
  async #removeLeftovers(): Promise<void> {
    for (const folder of [this.path, this.file("checkpoints")]) {
      if (await exists(folder)) await removeLeftovers(folder, true);
    }
  }
}

/**
 * Holds a run's folder for this process.
 *
 * @throws {UsageError} If another process does.
 */
async function lockRun(path: string): Promise<Disposable> {
  const lock = await tryLockRun(path);
  if (lock) return lock;
  throw new UsageError(
    `Another process is writing the run "${path}"; wait until it is done or interrupt it, or name another folder with --out`,
  );
}

/**
 * The same; null if another process does.
 *
 * @throws {UsageError} If the file system cannot lock.
 */
async function tryLockRun(path: string): Promise<Disposable | null> {
  try {
    for (let attempt = 0; attempt < 4; attempt++) {
      const lock = tryLockFile(join(path, RUN_FILES.lock));
      if (lock) return lock;
      // Who looks whether the run is under way holds it for a moment.
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    return null;
  } catch (error) {
    // A start that failed has just removed the folder: what is there now is for who asks again.
    if (error instanceof Deno.errors.NotFound) return null;
    // No lock stays in a folder with nothing else in it.
    if (await isEmpty(path).catch(() => false)) await Deno.remove(join(path, RUN_FILES.lock)).catch(() => {});
    const { cause = error } = error as Error;
    throw new UsageError(
      `Cannot lock the run's folder "${path}": ${
        (cause as Error).message
      }; name one that can be written, on a file ` +
        "system with locks, by --out (of network file systems some have none)",
      { cause: error },
    );
  }
}

/**
 * Makes the folders above a path. Returns those that were not there, the lowest first.
 *
 * @throws {Error} If one cannot be made; those above it are removed again.
 */
async function makeAbove(path: string): Promise<string[]> {
  const above = dirname(path);
  if (above === path || await isFolder(above)) return [];
  const higher = await makeAbove(above);
  return await orRemoving(higher, async () => {
    try {
      await Deno.mkdir(above);
    } catch (error) {
      // Another's, just now; or it is no folder, which the making of the run's own tells.
      if (error instanceof Deno.errors.AlreadyExists) return higher;
      throw error;
    }
    return [above, ...higher];
  });
}

/** Does what may fail; the folders that were made for it are removed then, if nothing is in them. */
async function orRemoving<T>(made: readonly string[], act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    await removeEmpty(made);
    throw error;
  }
}

/** Removes folders, the lowest first, but for those that have something in them. A link is somebody's own. */
async function removeEmpty(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    try {
      if ((await Deno.lstat(folder)).isDirectory) await Deno.remove(folder);
    } catch { /* what stays is taken for unused at the next start, and why there is none now is told */ }
  }
}

/** Makes a folder unless it is there; what a start that was killed has left is taken too. Returns whether it is ours to lock. */
async function claim(path: string): Promise<boolean> {
  try {
    await writing(path, () => Deno.mkdir(path));
    return true;
  } catch (error) {
    if (!((error as Error).cause instanceof Deno.errors.AlreadyExists)) throw error;
  }
  if (!await isFolder(path)) return false;
  // Not one that is empty: a process that has just made it has yet to lock it.
  const isEmpty = (await Array.fromAsync(Deno.readDir(path))).length === 0;
  return !isEmpty && await isUnbegun(path);
}
