import { dirname, join, resolve } from "node:path";
import { commandLine, quoted, UsageError } from "@seed/core";
import {
  exists,
  loadRecipe,
  loadRecipes,
  type Recipe,
  recipeName,
  RunFolder,
  studentsIn,
} from "@seed/core/host";
import { type Arguments, onlyPositional } from "./arguments.ts";
import { DEFAULTS } from "./defaults.ts";

/** A recipe, once for each of its students, and the folder of its run, or of theirs. */
export interface RunRecipe {
  recipes: readonly [Recipe, ...Recipe[]];
  /** Null: one that the recipe's name says. */
  out: string | null;
}

/**
 * The recipe that a command line resumes with: the one that it names, or, with `--out` alone, what the run itself has
 * in its folder. That came with the folder, so it is trusted with no plugins but SEED's, unless the user says so.
 *
 * @throws {UsageError} If it names neither, or the folder is no run's.
 */
export async function resumedRecipe(parsed: Arguments): Promise<RunRecipe> {
  const overrides = parsed.list("set"), out = parsed.text("out"), allowPlugins = parsed.has("allow-plugins");
  if (parsed.positionals.length === 0) {
    if (out === null) throw new UsageError("Expected a recipe, or the folder of the run to resume as --out");
    return await ofFolder(out, { overrides, trust: allowPlugins ? "named" : "shipped" });
  }
  if (allowPlugins) {
    throw new UsageError(
      "--allow-plugins is for the recipe in a run's folder: the one that you name needs none",
    );
  }
  const path = onlyPositional(parsed, "recipe"), folder = await runOf(path, out);
  if (folder !== null) return { recipes: [await ofRun(folder, { overrides, trust: "named" })], out: folder };
  return { recipes: await loadRecipes(path, { overrides, defaults: DEFAULTS }), out };
}

/** Of a run's folder its recipe, of one with several students' runs theirs. */
async function ofFolder(folder: string, how: Parameters<typeof ofRun>[1]): Promise<RunRecipe> {
  const names = await new RunFolder(folder).isRun() ? [] : await studentsIn(folder);
  if (names.length === 0) return { recipes: [await ofRun(folder, how)], out: folder };
  await requireAllBegun(folder, names);
  if (names.length === 1) {
    const out = join(folder, names[0]);
    return { recipes: [await ofRun(out, how)], out };
  }
  const [first, ...others] = await Promise.all(
    names.map(async (studentName) => ({ ...await ofRun(join(folder, studentName), how), studentName })),
  );
  return { recipes: [first, ...others], out: folder };
}

/** @throws {UsageError} If a start was killed before all students' runs began: only the recipe knows the others. */
async function requireAllBegun(folder: string, begun: readonly string[]): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (
      !isDirectory || begun.includes(name) || !await exists(new RunFolder(join(folder, name)).file("lock"))
    ) continue;
    throw new UsageError(
      `The run of the student ${
        quoted(name)
      } in "${folder}" has not begun, so its recipe is not there; name the recipe: ` +
        commandLine("distill", ["RECIPE", "--resume", "--out", folder]),
    );
  }
}

async function ofRun(
  folder: string,
  how: { overrides: readonly string[]; trust: "named" | "shipped" },
): Promise<Recipe> {
  const run = new RunFolder(folder);
  if (!await run.isRun()) {
    throw new UsageError(`There is no run to resume in "${folder}"; name its folder by --out`);
  }
  const recipe = await loadRecipe(run.file("recipe"), { ...how, defaults: DEFAULTS, ofRun: true });
  // Its name is that of the file that the run began with; here every recipe has the same.
  const { recipe: begunWith } = await run.facts();
  if (typeof begunWith !== "string") return recipe;
  return { ...recipe, name: recipeName(begunWith) };
}

/** The folder of the run whose own recipe a path is; null: it is another file. */
async function runOf(path: string, out: string | null): Promise<string | null> {
  const run = new RunFolder(dirname(path));
  if (resolve(path) !== resolve(run.file("recipe"))) return null;
  if (out !== null) return resolve(out) === resolve(run.path) ? out : null;
  return (await run.checkpointSteps()).length > 0 ? run.path : null;
}
