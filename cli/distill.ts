import { distill, loadRecipe } from "@seed/core";
import { onlyPositional, parseArguments } from "./arguments.ts";
import { DEFAULTS } from "./defaults.ts";

const INTERRUPTED = 130;

export const help = `Usage: deno task distill RECIPE [flags]

Trains the student of a recipe, evaluates it, and writes the run's folder.

  --out DIR          folder of the run (default runs/RECIPE, or the next free runs/RECIPE-N)
  --set key=value    overrides a key of the recipe, for example --set train.lr=0.06; repeatable
  --max-steps N      stops after N steps; 0 writes the initial state only
  --resume           goes on with the run in --out, or with the recipe's newest
  --json             prints the summary as one JSON object on standard output

Example: deno task distill recipes/demo.yaml --out runs/first --set seed=1`;

export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, {
    out: { type: "string" },
    set: { type: "string", multiple: true },
    "max-steps": { type: "string" },
    resume: { type: "boolean" },
    json: { type: "boolean" },
  });
  const recipe = await loadRecipe(onlyPositional(parsed, "recipe"), {
    overrides: parsed.list("set"),
    defaults: DEFAULTS,
  });
  const abort = new AbortController();
  const interrupt = () => {
    // The second time the user means it.
    if (abort.signal.aborted) Deno.exit(INTERRUPTED);
    console.error("\nInterrupted: writing a checkpoint (again to stop at once)");
    abort.abort();
  };
  Deno.addSignalListener("SIGINT", interrupt);
  try {
    const options = {
      out: parsed.text("out"),
      maxSteps: parsed.count("max-steps"),
      resume: parsed.has("resume"),
    };
    const { directory, finished } = await distill(recipe, options, {
      log: console.error,
      signal: abort.signal,
    });
    if (!finished) {
      console.error(`Go on with: deno task distill ${recipe.path} --out ${directory} --resume`);
      return INTERRUPTED;
    }
    if (parsed.has("json")) {
      console.log(JSON.stringify(JSON.parse(await Deno.readTextFile(`${directory}/summary.json`))));
    } else console.error(`Done: ${directory}`);
    return 0;
  } catch (error) {
    if (abort.signal.aborted && error === abort.signal.reason) return INTERRUPTED;
    throw error;
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
  }
}
