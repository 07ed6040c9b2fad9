/**
 * The folder of a run that this process writes: made, or opened to go on, and locked meanwhile.
 *
 * @module
 */
import { join } from "node:path";
import { UsageError } from "../errors.ts";
import { isTemporary, removeLeftovers, writeTextAtomically } from "../files/atomic_file.ts";
import { tryLockFile } from "../files/file_lock.ts";
import { exists } from "../files/path_exists.ts";
import { writing } from "../files/writing.ts";
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
    if (named !== null) {
      await requireUnused(named);
      await writing(named, () => Deno.mkdir(named, { recursive: true }));
      return await RunDirectory.#take(named, lockRun(named));
    }
    await writing("runs", () => Deno.mkdir("runs", { recursive: true }));
    for (let n = 1;; n++) {
      const path = join("runs", n === 1 ? recipeName : `${recipeName}-${n}`);
      const lock = await claim(path) ? tryLockRun(path) : null; // null: another process was faster
      if (lock) return await RunDirectory.#take(path, lock);
    }
  }

  static async #take(path: string, lock: Disposable): Promise<RunDirectory> {
    return await RunDirectory.#prepared(path, lock, async (directory) => {
      await requireUnused(path); // another may have begun, and ended, before it was locked
      await directory.#removeUnbegun();
    });
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
    if ((await new RunFolder(path).checkpointSteps()).length === 0) {
      throw new UsageError(
        `The run "${path}" has no checkpoint to resume from; ${
          await isUnbegun(path)
            ? "it never began: leave --resume out to start it"
            : "start another with --out, and delete this folder when you need nothing of it"
        }`,
      );
    }
    return await RunDirectory.#prepared(path, lockRun(path), (directory) => directory.#removeLeftovers());
  }

  /** Lets go of the lock again if `prepare` fails. */
  static async #prepared(
    path: string,
    lock: Disposable,
    prepare: (directory: RunDirectory) => Promise<void>,
  ): Promise<RunDirectory> {
    const directory = new RunDirectory(path, lock);
    try {
      await prepare(directory);
      return directory;
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It may be gone: removed by someone, or its disk is away.
    if (await exists(this.path) && await isUnbegun(this.path)) {
      await Deno.remove(this.path, { recursive: true });
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

  /**
   * Sets aside what a run has left that was finished and now goes on: until its new end nothing says that it is.
   *
   * @param step That it goes on after, for what does not say itself when it was finished.
   */
  async setResultsAside(step: number): Promise<void> {
    const steps = (await this.summary())?.steps, end = Number.isInteger(steps) ? steps : step;
    // The student first: without it nothing is taken for a finished run's, wherever this is cut off.
    for (const what of ["student", "report", "summary"] as const) {
      const path = this.file(what), aside = path.replace(/(\.[a-z]+)$/, `-step-${end}$1`);
      if (await exists(path)) await writing(aside, () => Deno.rename(path, aside));
    }
  }

  async writeText(what: keyof typeof RUN_FILES, text: string): Promise<void> {
    await writing(this.file(what), () => writeTextAtomically(this.file(what), text));
  }

  async writeJson(what: keyof typeof RUN_FILES, value: unknown): Promise<void> {
    await this.writeText(what, JSON.stringify(value, null, 2) + "\n");
  }

  /** What a start that was killed before the run began has left. */
  async #removeUnbegun(): Promise<void> {
    for await (const { name } of Deno.readDir(this.path)) {
      if (name !== RUN_FILES.lock) await Deno.remove(join(this.path, name), { recursive: true });
    }
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
function lockRun(path: string): Disposable {
  const lock = tryLockRun(path);
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
function tryLockRun(path: string): Disposable | null {
  try {
    return tryLockFile(join(path, RUN_FILES.lock));
  } catch (error) {
    throw new UsageError(
      `Cannot lock the run's folder "${path}": ${
        (error as Error).message
      }; name one that can be written, on a file ` +
        "system with locks, by --out (of network file systems some have none)",
      { cause: error },
    );
  }
}

/**
 * Makes sure that a new run can have a folder: it is empty, not there yet, or left by a start that was killed.
 *
 * @throws {UsageError} If it has something in it, or is a file.
 */
export async function requireUnused(path: string): Promise<void> {
  if (!await exists(path)) return;
  if (!(await Deno.stat(path)).isDirectory) {
    throw new UsageError(`"${path}" is a file; name a folder with --out`);
  }
  if (await isUnbegun(path)) return;
  throw new UsageError(
    `The folder "${path}" is not empty; add --resume to go on with its run, or name another with --out`,
  );
}

/**
 * Whether a folder holds nothing but what a start leaves that was killed before the run began. Without a step taken
 * nothing of it is worth keeping.
 */
async function isUnbegun(path: string): Promise<boolean> {
  const { lock, checkpoints, facts, recipe, metrics } = RUN_FILES, found = new Set<string>();
  for await (const { name } of Deno.readDir(path)) if (!isTemporary(name)) found.add(name);
  if (found.size === 0) return true;
  if (!found.has(lock)) return false; // whose ever it is, no run of ours was to be here
  if ([...found].some((name) => ![lock, checkpoints, facts, recipe, metrics].some((own) => own === name))) {
    return false;
  }
  if (found.has(metrics) && (await Deno.stat(join(path, metrics))).size > 0) return false;
  const steps = await new RunFolder(path).checkpointSteps();
  // With its recipe a run has begun, and can be resumed if there is a state to resume from.
  return found.has(recipe) ? steps.length === 0 : steps.every((step) => step === 0);
}

/** Makes a folder unless it is there; what a start that was killed has left is taken too. Returns whether it is ours to lock. */
async function claim(path: string): Promise<boolean> {
  try {
    await Deno.mkdir(path);
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
  // Not one that is empty: a process that has just made it has yet to lock it.
  return await exists(join(path, RUN_FILES.lock)) && await isUnbegun(path);
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
    const run = new RunFolder(join(folder, name)), time = await beginningOf(run);
    if (time !== null && (!best || time > best.time)) best = { path: run.path, time };
  }
  return best?.path ?? null;
}

/** When a run began, in milliseconds; null if it did not. A resume may have written its recipe anew since. */
async function beginningOf(run: RunFolder): Promise<number | null> {
  const recipe = await Deno.stat(run.file("recipe")).catch(() => null);
  if (recipe === null) return null;
  const { started } = await run.facts().catch(() => ({ started: null })); // one that is damaged is told when it is resumed
  const told = typeof started === "string" ? Date.parse(started) : NaN;
  return Number.isNaN(told) ? recipe.mtime?.getTime() ?? -1 : told;
}
