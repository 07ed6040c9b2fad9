import { join } from "node:path";
import { commandLine, type Processes, UsageError } from "@seed/core";
import {
  checkForProcesses,
  distill,
  distillTogether,
  dryRun,
  follow,
  type Host,
  loadRecipes,
  readRun,
  type Recipe,
  RunFolder,
  sentencesOf,
  verdictFigures,
  verdictOf,
} from "@seed/core/host";
import { type Arguments, onlyPositional, parseArguments } from "./arguments.ts";
import { DEFAULTS } from "./defaults.ts";
import { dryRunReport } from "./dry_run_report.ts";
import { INTERRUPTED, interruptible } from "./interruptible.ts";
import { type AskedProcesses, askedProcesses, PROCESSES_FLAG } from "./processes/flag.ts";
import { inProcesses } from "./processes/in_processes.ts";
import { isLaunched } from "./processes/join.ts";
import { trainInOne } from "./processes/several_students.ts";
import { resumedRecipe, type RunRecipe } from "./resumed_recipe.ts";

export const help = `Usage: deno task distill RECIPE [flags]
       deno task distill --resume --out DIR [flags]

Trains the student of a recipe, evaluates it, and writes the run's folder.

  --out DIR          folder of the run (default runs/RECIPE, or the next free runs/RECIPE-N)
  --set key=value    overrides a key of the recipe, for example --set train.lr=0.06; repeatable
  --max-steps N      stops after N steps; 0 writes the initial state only
  --resume           goes on with the run in --out, or with the recipe's newest; without RECIPE, with what is in --out
  --processes N      trains in N processes of this machine, which share its cores out; under mpiexec or srun a process
                     joins those that it was started with
  --restarts N       with --processes: if a process fails, all begin again from the newest checkpoint, N times at most
  --extend           of a resume: train.epochs is higher than the run began with, or the number of processes another
  --allow-plugins    of a resume without RECIPE: imports plugins that the run names and that do not come with SEED,
                     which runs their code
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
    ...PROCESSES_FLAG,
    restarts: { type: "string" },
    "allow-plugins": { type: "boolean" },
    "dry-run": { type: "boolean" },
    "stand-in": { type: "string" },
    json: { type: "boolean" },
  });
  const isDry = parsed.has("dry-run"), resumes = parsed.has("resume");
  if (isDry && resumes) throw new UsageError("--dry-run and --resume exclude each other");
  for (const flag of ["extend", "allow-plugins"]) {
    if (parsed.has(flag) && !resumes) throw new UsageError(`--${flag} is for a --resume`);
  }
  const asked = askedProcesses(parsed), restarts = restartsOf(parsed, asked);
  if (isDry) refuseProcesses(asked);
  if (parsed.has("stand-in") && !isDry) throw new UsageError("--stand-in is for a --dry-run");
  const named = resumes ? await resumedRecipe(parsed) : await namedRecipe(parsed);
  const [recipe, ...others] = named.recipes;
  if (others.length) refuseTogether(named, asked, isDry);
  if (isDry) return await interruptible("nothing is written", (host) => tryOut(recipe, parsed, host));
  return await inProcesses({
    ...{ verb: "distill", args, restarts, notice: "writing a checkpoint" },
    advice: "--resume goes on from the newest checkpoint",
    check: (size) => checkForProcesses(recipe, size),
    async work(host, processes) {
      if (processes === null || processes.rank === 0) {
        return await train(named, args, parsed, { host, processes, verb: verbOf(asked) });
      }
      const options = { maxSteps: parsed.count("max-steps"), resume: resumes };
      return await follow(recipe, options, host, processes) ? 0 : INTERRUPTED;
    },
  }, asked);
}

async function namedRecipe(parsed: Arguments): Promise<RunRecipe> {
  const path = onlyPositional(parsed, "recipe"), overrides = parsed.list("set");
  return { recipes: await loadRecipes(path, { overrides, defaults: DEFAULTS }), out: parsed.text("out") };
}

/** What several students cannot have. */
function refuseTogether({ recipes }: RunRecipe, { count, place }: AskedProcesses, isDry: boolean): void {
  const { length } = recipes;
  if (isDry) {
    throw new UsageError(
      `The recipe has ${length} students; --dry-run tries one: a recipe that has one of them under student`,
    );
  }
  if (count !== null || place) throw new UsageError(trainInOne(length));
}

/** How often all processes begin again. */
function restartsOf(parsed: Arguments, { count }: AskedProcesses): number {
  const restarts = parsed.count("restarts", 0, 1000);
  if (restarts === null || isLaunched()) return 0;
  if (count === null) throw new UsageError("--restarts is for --processes of 2 or more");
  if (parsed.text("out") !== null) return restarts;
  throw new UsageError("--restarts goes on with a run in its folder: name it by --out");
}

function refuseProcesses({ count, place }: AskedProcesses): void {
  if (count !== null) throw new UsageError("--dry-run tries one process; leave --processes out");
  if (place) throw new UsageError("--dry-run is for one process: start it without mpiexec or srun");
}

/** What the arguments were given to: between hosts it is a task of its own, which may use their network. */
function verbOf({ place }: AskedProcesses): string {
  return place?.meeting && Deno.mainModule.endsWith("task.ts") ? "distill-on-hosts" : "distill";
}

async function train(
  { recipes, out }: RunRecipe,
  args: string[],
  parsed: Arguments,
  { host, processes, verb }: { host: Host; processes: Processes | null; verb: string },
): Promise<number> {
  const options = {
    out,
    maxSteps: parsed.count("max-steps"),
    resume: parsed.has("resume"),
    extend: parsed.has("extend"),
    command: commandLine(verb, args),
  };
  const { directory, finished } = recipes.length > 1
    ? await distillTogether(recipes, options, host)
    : await distill(recipes[0], options, host, processes);
  if (!finished) {
    console.error(`Go on with: ${commandLine(verb, resuming(args, directory))}`);
    return INTERRUPTED;
  }
  if (parsed.has("json")) {
    console.log(JSON.stringify({ directory, ...await summaryOf(directory, recipes) }));
  } else {
    console.error(`Done: ${directory}`);
    const lines = [...await verdictLines(directory, recipes), ...nextLines(directory, recipes)];
    for (const line of lines) console.error(line);
  }
  return 0;
}

/** What came out, in sentences, and where all of it is shown. */
async function verdictLines(directory: string, recipes: RunRecipe["recipes"]): Promise<string[]> {
  const lines = await Promise.all(recipes.map(async ({ studentName }) => {
    const folder = new RunFolder(folderOf(directory, studentName));
    const sentences = sentencesOf(verdictOf(verdictFigures(await readRun(folder))));
    const of = studentName === null ? "" : `${studentName}: `;
    return [...sentences, `Report: ${folder.file("report")}`].map((line) => of + line);
  }));
  return lines.flat();
}

/** The run's folder of a student: its own, where a recipe has several. */
function folderOf(directory: string, studentName: string | null): string {
  return studentName === null ? directory : join(directory, studentName);
}

/** What people do next, with the first of several students. */
function nextLines(directory: string, [{ studentName }]: RunRecipe["recipes"]): string[] {
  const run = folderOf(directory, studentName);
  return [
    `See it in a browser: ${commandLine("explore", ["--run", run, "--serve"])}`,
    `Embed pictures:      ${commandLine("embed", ["--run", run, "--images", "FOLDER", "--out", "FILE.npy"])}`,
    `Train on your own:   ${commandLine("new", ["--data", "FOLDER"])}`,
  ];
}

/** What came out: of several students, by their names. */
async function summaryOf(directory: string, recipes: RunRecipe["recipes"]): Promise<object> {
  if (recipes.length === 1) return { ...await new RunFolder(directory).summary() };
  const each = recipes.map(async ({ studentName }) =>
    [studentName, await new RunFolder(join(directory, studentName!)).summary()] as const
  );
  return { students: Object.fromEntries(await Promise.all(each)) };
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
