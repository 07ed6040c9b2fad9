import { basename, dirname, join, normalize, resolve } from "node:path";
import { UsageError, writeTextAtomically } from "@seed/core";
import {
  comparisonOutcome,
  exists,
  readRun,
  renderComparison,
  renderRun,
  RUN_FILES,
  type RunContent,
  RunFolder,
  runSummary,
  sentencesOf,
  studentsIn,
  verdictFigures,
  verdictOf,
  writing,
} from "@seed/core/host";
import { CommandLineError, parseArguments } from "./arguments.ts";

export const help = `Usage: deno task report RUN... [flags]

Writes the report of a run anew, on one page without scripts or links; or compares several runs on one page: figures,
curves over each other, differences of their recipes. Takes finished runs and others, of earlier versions too: what
they did not record is said. RUN is a run's folder, or the folder of several students.

  --out FILE.html    what is written (default: report.html in the run's folder; of several runs it must be named)
  --no-pictures      leaves the pictures and their neighbours out
  --json             prints verdicts and figures as one JSON object on standard output

Example: deno task report runs/demo
         deno task report runs/demo runs/demo-2 --out comparison.html`;

export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, {
    out: { type: "string" },
    "no-pictures": { type: "boolean" },
    json: { type: "boolean" },
  });
  if (parsed.positionals.length === 0) {
    throw new CommandLineError("Expected one run or more, got none; --help shows how");
  }
  const folders = await runsOf(parsed.positionals),
    out = parsed.text("out") ?? usualOut(parsed.positionals, folders);
  if (!out.endsWith(".html")) throw new UsageError(`--out must end in ".html", got "${out}"`);
  const names = namesOf(folders);
  const read = await Promise.all(folders.map((folder, i) => readRun(new RunFolder(folder), names[i])));
  const runs = parsed.has("no-pictures") ? read.map(withoutPictures) : read;
  const page = runs.length === 1 ? renderRun(runs[0]) : renderComparison(runs);
  await writing(out, () => Deno.mkdir(dirname(resolve(out)), { recursive: true }));
  await writing(out, () => writeTextAtomically(out, page));
  if (parsed.has("json")) console.log(JSON.stringify({ out, ...outcomeOf(runs) }));
  else for (const line of [...linesOf(runs), `Wrote ${out}`]) console.error(line);
  return 0;
}

/** Folders of runs; of a folder of several students those of all of them. */
async function runsOf(paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths.map(normalize)) {
    if (await new RunFolder(path).isRun()) found.push(path);
    else {
      const students = await exists(path) ? await studentsIn(path) : [];
      if (students.length === 0) {
        throw new UsageError(`"${path}" is not the folder of a run: it has no "${RUN_FILES.recipe}"`);
      }
      found.push(...students.map((name) => join(path, name)));
    }
  }
  return [...new Set(found)];
}

/** In the folder that was named, if it is one. */
function usualOut(named: readonly string[], folders: readonly string[]): string {
  if (named.length === 1) return join(named[0], RUN_FILES.report);
  throw new UsageError(`A comparison of ${folders.length} runs is no run's own; name it by --out FILE.html`);
}

/** The folders' own names, or their paths where two have the same. */
function namesOf(folders: readonly string[]): string[] {
  const names = folders.map((folder) => basename(resolve(folder)));
  return new Set(names).size === names.length ? names : [...folders];
}

function withoutPictures(run: RunContent): RunContent {
  return {
    ...run,
    samples: run.samples &&
      { ...run.samples, asked: [], networks: mapsOf(run.samples.networks), pictures: {} },
  };
}

function mapsOf(networks: NonNullable<RunContent["samples"]>["networks"]) {
  return Object.fromEntries(
    Object.entries(networks).map(([name, network]) => [name, { ...network, neighbours: [] }]),
  );
}

function outcomeOf(runs: readonly RunContent[]): object {
  return {
    ...runs.length > 1 && { outcome: comparisonOutcome(runs) },
    runs: runs.map((run) => ({ ...runSummary(run), verdict: verdictOf(verdictFigures(run)) })),
  };
}

function linesOf(runs: readonly RunContent[]): string[] {
  if (runs.length > 1) return [comparisonOutcome(runs)];
  return sentencesOf(verdictOf(verdictFigures(runs[0])));
}
