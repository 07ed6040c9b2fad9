import { commandLine, UsageError } from "@seed/core";
import { distill, dryRun, type Host, loadRecipe, type Recipe, RunFolder } from "@seed/core/host";
import { type Arguments, onlyPositional, parseArguments } from "./arguments.ts";
import { DEFAULTS } from "./defaults.ts";
import { dryRunReport } from "./dry_run_report.ts";
import { INTERRUPTED, interruptible } from "./interruptible.ts";

export const help = `Usage: deno task distill RECIPE [flags]

Trains the student of a recipe, evaluates it, and writes the run's folder.

  --out DIR          folder of the run (default runs/RECIPE, or the next free runs/RECIPE-N)
  --set key=value    overrides a key of the recipe, for example --set train.lr=0.06; repeatable
  --max-steps N      stops after N steps; 0 writes the initial state only
  --resume           goes on with the run in --out, or with the recipe's newest
  --extend           of a resume: train.epochs is higher than the run began with
  --dry-run          makes everything, takes a few steps, tells shapes, memory and time; writes nothing
  --stand-in N       a dry run with made-up images, as if there were N, and made-up weights of the teacher
  --json             prints the summary as one JSON object on standard output

Exit code 130: interrupted, --resume goes on.

Example: deno task distill recipes/demo.yaml --out runs/first --set seed=1`;

export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, {
    out: { type: "string" },
    set: { type: "string", multiple: true },
    "max-steps": { type: "string" },
    resume: { type: "boolean" },
    extend: { type: "boolean" },
    "dry-run": { type: "boolean" },
    "stand-in": { type: "string" },
    json: { type: "boolean" },
  });
  const path = onlyPositional(parsed, "recipe"), isDry = parsed.has("dry-run");
  if (isDry && parsed.has("resume")) throw new UsageError("--dry-run and --resume exclude each other");
  if (parsed.has("extend") && !parsed.has("resume")) throw new UsageError("--extend is for a --resume");
  if (parsed.has("stand-in") && !isDry) throw new UsageError("--stand-in is for a --dry-run");
  const recipe = await loadRecipe(path, { overrides: parsed.list("set"), defaults: DEFAULTS });
  if (isDry) return await interruptible("stopping", (host) => tryOut(recipe, parsed, host));
  return await interruptible("writing a checkpoint", (host) => train(recipe, args, parsed, host));
}

async function train(recipe: Recipe, args: string[], parsed: Arguments, host: Host): Promise<number> {
  const options = {
    out: parsed.text("out"),
    maxSteps: parsed.count("max-steps"),
    resume: parsed.has("resume"),
    extend: parsed.has("extend"),
    command: commandLine("distill", args),
  };
  const { directory, finished } = await distill(recipe, options, host);
  if (!finished) {
    console.error(`Go on with: ${commandLine("distill", resuming(args, directory))}`);
    return INTERRUPTED;
  }
  if (parsed.has("json")) {
    const summary = await new RunFolder(directory).summary();
    console.log(JSON.stringify({ directory, ...summary }));
  } else console.error(`Done: ${directory}`);
  return 0;
}

/** The arguments that go on with what these began. */
function resuming(args: readonly string[], directory: string): string[] {
  const end = args.indexOf("--"), flags = end < 0 ? args : args.slice(0, end);
  // What was extended is so by now, and --extend would have nothing to do.
  const given = flags.filter((arg) => arg !== "--resume" && arg !== "--extend");
  const namesFolder = given.some((arg) => arg === "--out" || arg.startsWith("--out="));
  return [
    ...given,
    ...namesFolder ? [] : ["--out", directory],
    "--resume",
    ...end < 0 ? [] : args.slice(end),
  ];
}

async function tryOut(recipe: Recipe, parsed: Arguments, host: Host): Promise<number> {
  const [out, maxSteps, standIn] = [parsed.text("out"), parsed.count("max-steps"), parsed.count("stand-in")];
  const dry = await dryRun(recipe, { out, maxSteps, standIn }, host);
  console.log(parsed.has("json") ? JSON.stringify(dry) : dryRunReport(dry));
  return 0;
}
