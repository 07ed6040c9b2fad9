import { RunError, UsageError } from "@seed/core";
import { checkForProcesses, checkInitialWeights, loadRecipes } from "@seed/core/host";
import { CommandLineError, parseArguments } from "./arguments.ts";
import { DEFAULTS } from "./defaults.ts";
import { errorMessage } from "./error_message.ts";
import { MOST_PROCESSES } from "./processes/most_processes.ts";
import { trainInOne } from "./processes/several_students.ts";

export const help = `Usage: deno task validate RECIPE... [flags]

Checks recipes: needs no data, no teacher's weights and no engine. The file that a student begins from is looked at.
Plugins that do not come with SEED are imported, which runs their code, when all else is right.

  --set key=value    overrides a key first; repeatable
  --processes N      whether each can train in N processes too
  --resolved         prints each recipe with every default filled in
  --json             prints { recipes: [{ recipe, valid, error }] } on standard output, with --resolved
                     the resolved recipes too

Example: deno task validate recipes/demo.yaml --set train.epochs=3`;

export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, {
    set: { type: "string", multiple: true },
    processes: { type: "string" },
    resolved: { type: "boolean" },
    json: { type: "boolean" },
  });
  if (parsed.positionals.length === 0) {
    throw new CommandLineError("Expected at least one recipe; --help shows how");
  }
  const results: { recipe: string; valid: boolean; error: string | null; resolved?: string }[] = [];
  const shown: string[] = [];
  const processes = parsed.count("processes", 1, MOST_PROCESSES) ?? 1;
  const withText = parsed.has("resolved"), asJson = parsed.has("json");
  for (const path of parsed.positionals) {
    try {
      const recipes = await loadRecipes(path, { overrides: parsed.list("set"), defaults: DEFAULTS });
      if (processes > 1) {
        if (recipes.length > 1) throw new UsageError(`${path}: ${trainInOne(recipes.length)}`);
        checkForProcesses(recipes[0], processes);
      }
      for (const recipe of recipes) await checkInitialWeights(recipe);
      const resolved = recipes.map((recipe) => recipe.resolved).join("---\n");
      results.push({ recipe: path, valid: true, error: null, ...withText && { resolved } });
      shown.push(`${path}: valid`);
      if (withText && !asJson) console.log(resolved);
    } catch (error) {
      if (!(error instanceof UsageError || error instanceof RunError)) throw error;
      results.push({ recipe: path, valid: false, error: error.message });
      shown.push(errorMessage(error));
    }
  }
  if (asJson) console.log(JSON.stringify({ recipes: results }));
  else for (const text of shown) console.error(text);
  return results.every(({ valid }) => valid) ? 0 : 2;
}
