/**
 * How fast this machine takes the steps of a recipe: a dry run on pictures of the folder that can be read.
 *
 * @module
 */
import { join } from "node:path";
import { type ImageReference, isOneLine, RunError } from "@seed/core";
import { type DryRun, dryRun, type Host, loadRecipe } from "@seed/core/host";
import { DEFAULTS } from "../defaults.ts";
import type { Pace } from "./plan.ts";

/** Steps that are let pass, whose views were made while the first was traced, and steps that are timed. */
const TIMING = { settling: 3, timed: 3 };
/** Steps' worth of pictures to measure on: each is another one. */
const BATCHES = 8;

/** What was measured, and on what. */
export interface Measured {
  readonly pace: Pace;
  readonly dry: DryRun;
}

/** Where recipes are tried out: a folder of its own, which goes with it. */
export class Workbench implements AsyncDisposable {
  private constructor(private readonly folder: string) {}

  /**
   * @param images Pictures to measure on; they can be read.
   * @param least How many there must be; fewer are taken several times.
   */
  static async open(images: readonly ImageReference[], least: number): Promise<Workbench> {
    const paths = images.map(({ file }) => file).filter((file) => isOneLine(file) && !file.includes("\t"));
    if (paths.length === 0) {
      throw new RunError("The names of all pictures have tabs or ends of lines in them; rename them");
    }
    const lines = Array.from(
      { length: Math.max(least, BATCHES) },
      (_, i) => `${paths[i % paths.length]}\t0\n`,
    );
    const bench = new Workbench(await Deno.makeTempDir({ prefix: "seed-new-" }));
    try {
      await Deno.writeTextFile(bench.#list, lines.join(""));
      return bench;
    } catch (error) {
      await bench[Symbol.asyncDispose]();
      throw error;
    }
  }

  get #list(): string {
    return join(this.folder, "pictures.txt");
  }

  /** Takes a few steps of a recipe. */
  async measure(text: string, sides: Pick<Pace, "side" | "teacherSide">, host: Host): Promise<Measured> {
    const started = performance.now(), path = await this.#written(text);
    const overrides = [
      `data={ plugin: "@seed/data-list", root: ${JSON.stringify(this.#list)} }`,
      ...["evaluate=null", "train.epochs=100", "teacher.cache={ views: 1 }"],
    ];
    const recipe = await loadRecipe(path, { overrides, defaults: DEFAULTS });
    const dry = await dryRun(recipe, { out: null, maxSteps: null, standIn: null, timing: TIMING }, host);
    const { seconds_per_step: fresh, seconds_per_cached_step: cached } = dry;
    const timed = (fresh + cached!) * (TIMING.settling + TIMING.timed);
    const start = Math.max(dry.first_step_seconds, (performance.now() - started) / 1000 - timed);
    // The teacher works while the student does: a step with it can be the shorter one, by chance.
    return { pace: { ...sides, fresh: Math.max(fresh, cached!), cached: cached!, start }, dry };
  }

  /** @throws {RecipeError} If it is not valid: that would be a defect here. */
  async validate(text: string): Promise<void> {
    await loadRecipe(await this.#written(text), { defaults: DEFAULTS });
  }

  async #written(text: string): Promise<string> {
    const path = join(this.folder, "recipe.yaml");
    await Deno.writeTextFile(path, text);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
