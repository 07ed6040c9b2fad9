/**
 * A run's folder: what was asked, what happened, what came out. Everything in it can be opened with other tools.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { isTemporary, writeTextAtomically } from "../files/atomic_file.ts";
import { RunError, UsageError } from "../errors.ts";
import { exists } from "../files/path_exists.ts";

const RECIPE = "recipe.yaml", CHECKPOINTS = "checkpoints";

/** The folder of one run. Disposing of it removes it if the run has not begun: one that could not leaves no folder. */
export class RunDirectory implements AsyncDisposable {
  private constructor(readonly path: string) {}

  /**
   * Makes a new folder. Without a name given it is `runs/<recipe>`, or the first free `runs/<recipe>-2`, ...
   *
   * @throws {UsageError} If the folder that was named has something in it, or is a file.
   */
  static async create(recipeName: string, named: string | null): Promise<RunDirectory> {
    const path = named ?? await claimFree(join("runs", recipeName));
    await requireUnused(path);
    await Deno.mkdir(path, { recursive: true });
    return new RunDirectory(path);
  }

  /**
   * Opens an existing run. Without a name given it is the one of the recipe that began last.
   *
   * @throws {UsageError} If there is none.
   */
  static async open(recipeName: string, named: string | null): Promise<RunDirectory> {
    const path = named ?? await newest("runs", recipeName);
    if (path === null || !await exists(join(path, RECIPE))) {
      throw new UsageError(
        `There is no run to resume in "${path ?? join("runs", recipeName)}"; leave --resume out to start one`,
      );
    }
    const directory = new RunDirectory(path);
    await directory.#removeLeftovers();
    return directory;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (await isEmpty(this.path)) await Deno.remove(this.path);
  }

  /** Writes what was asked, resolved: from here on the folder is a run's. */
  async begin(recipe: string): Promise<void> {
    await Deno.mkdir(this.file(CHECKPOINTS));
    await this.writeText(RECIPE, recipe);
  }

  /** Path of a file in it. */
  file(name: string): string {
    return join(this.path, name);
  }

  checkpointFile(step: number): string {
    return this.file(join(CHECKPOINTS, `step-${String(step).padStart(7, "0")}.safetensors`));
  }

  /** Steps that there are checkpoints of, ascending. */
  async checkpointSteps(): Promise<number[]> {
    const steps = [];
    for await (const { name } of Deno.readDir(this.file(CHECKPOINTS))) {
      const match = name.match(/^step-(\d+)\.safetensors$/);
      if (match) steps.push(Number(match[1]));
    }
    return steps.sort((a, b) => a - b);
  }

  async writeText(name: string, text: string): Promise<void> {
    await writeTextAtomically(this.file(name), text);
  }

  async writeJson(name: string, value: unknown): Promise<void> {
    await this.writeText(name, JSON.stringify(value, null, 2) + "\n");
  }

  /** The lines of `metrics.jsonl`; empty if it is not there. */
  async metrics(): Promise<Record<string, unknown>[]> {
    if (!await exists(this.file("metrics.jsonl"))) return [];
    const text = await Deno.readTextFile(this.file("metrics.jsonl"));
    return text.split("\n").filter(Boolean).map((line, i) => {
      try {
        return JSON.parse(line);
      } catch {
        throw new RunError(
          `Line ${i + 1} of "${this.file("metrics.jsonl")}" is not JSON: the file is damaged`,
        );
      }
    });
  }

  /** Files that a crash left half written, under their temporary names. */
  async #removeLeftovers(): Promise<void> {
    for (const folder of [this.path, this.file(CHECKPOINTS)]) {
      for await (const { name } of Deno.readDir(folder)) {
        if (isTemporary(name)) await Deno.remove(join(folder, name));
      }
    }
  }
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
  await Deno.mkdir(dirname(path), { recursive: true });
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
    const path = join(folder, name), began = await Deno.stat(join(path, RECIPE)).catch(() => null);
    const time = began?.mtime?.getTime() ?? -1;
    if (began && (!best || time > best.time)) best = { path, time };
  }
  return best?.path ?? null;
}

async function isEmpty(folder: string): Promise<boolean> {
  for await (const _ of Deno.readDir(folder)) return false;
  return true;
}
