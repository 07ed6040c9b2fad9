/**
 * A run's folder: what was asked, what happened, what came out. Everything in it can be opened with other tools.
 *
 * @module
 */
import { join } from "node:path";
import { writeTextAtomically } from "./atomic_file.ts";
import { RunError, UsageError } from "./errors.ts";

/** The folder of one run. */
export class RunDirectory {
  private constructor(readonly path: string) {}

  /**
   * Makes a new folder. Without a name given it is `runs/<recipe>`, or the first free `runs/<recipe>-2`, ...
   *
   * @throws {UsageError} If the folder that was named has something in it.
   */
  static async create(recipeName: string, named: string | null): Promise<RunDirectory> {
    const path = named ?? await firstFree(join("runs", recipeName));
    if (!await isEmpty(path)) {
      throw new UsageError(
        `The folder "${path}" is not empty; add --resume to go on with its run, or name another with --out`,
      );
    }
    await Deno.mkdir(join(path, "checkpoints"), { recursive: true });
    return new RunDirectory(path);
  }

  /**
   * Opens an existing run. Without a name given it is the newest one of the recipe.
   *
   * @throws {UsageError} If there is none.
   */
  static async open(recipeName: string, named: string | null): Promise<RunDirectory> {
    const path = named ?? await newest("runs", recipeName);
    if (path === null || !await exists(join(path, "recipe.yaml"))) {
      throw new UsageError(
        `There is no run to resume in "${path ?? join("runs", recipeName)}"; leave --resume out to start one`,
      );
    }
    return new RunDirectory(path);
  }

  /** Path of a file in it. */
  file(name: string): string {
    return join(this.path, name);
  }

  checkpointFile(step: number): string {
    return this.file(join("checkpoints", `step-${String(step).padStart(7, "0")}.safetensors`));
  }

  /** Steps that there are checkpoints of, ascending. */
  async checkpointSteps(): Promise<number[]> {
    const steps = [];
    for await (const { name } of Deno.readDir(this.file("checkpoints"))) {
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
}

async function firstFree(path: string): Promise<string> {
  if (await isEmpty(path)) return path;
  for (let n = 2;; n++) if (await isEmpty(`${path}-${n}`)) return `${path}-${n}`;
}

async function newest(folder: string, recipeName: string): Promise<string | null> {
  let best: { path: string; time: number } | null = null;
  if (!await exists(folder)) return null;
  for await (const { name } of Deno.readDir(folder)) {
    if (name !== recipeName && !new RegExp(`^-\\d+$`).test(name.slice(recipeName.length))) continue;
    if (!name.startsWith(recipeName)) continue;
    const path = join(folder, name), time = (await Deno.stat(path)).mtime?.getTime() ?? 0;
    if (!best || time > best.time) best = { path, time };
  }
  return best?.path ?? null;
}

async function isEmpty(path: string): Promise<boolean> {
  if (!await exists(path)) return true;
  for await (const _ of Deno.readDir(path)) return false;
  return true;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
