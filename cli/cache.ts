import { formatDuration, type Processes, ProgressLine } from "@seed/core";
import { fillCaches, formatBytes, type Host, isFirst, loadRecipe, type Recipe } from "@seed/core/host";
import { type Arguments, onlyPositional, parseArguments } from "./arguments.ts";
import { DEFAULTS } from "./defaults.ts";
import { askedProcesses, PROCESSES_FLAG } from "./processes/flag.ts";
import { inProcesses } from "./processes/in_processes.ts";

export const help = `Usage: deno task cache RECIPE [flags]

Computes the teacher's embeddings of all fixed views ahead of training, into the folder teacher.cache.dir. Training
fills it too as it goes; a cache that is full is shared by every student whose recipe has the same teacher, data,
augmenter and seed. What is there is kept: stopped at any moment, the command goes on where it was. Several processes
share the work.

  --set key=value    overrides a key of the recipe, for example --set teacher.cache.dir=caches/r50; repeatable
  --processes N      in N processes of this machine, which share its cores out; under mpiexec or srun a process joins
                     those that it was started with
  --json             prints { dir, views, computed, bytes } on standard output

Exit code 130: interrupted; the same command goes on.

Example: deno task cache recipes/effb0.yaml --set teacher.cache.dir=caches/effb0 --set teacher.cache.views=8`;

export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, {
    set: { type: "string", multiple: true },
    ...PROCESSES_FLAG,
    json: { type: "boolean" },
  });
  const path = onlyPositional(parsed, "recipe");
  const recipe = await loadRecipe(path, { overrides: parsed.list("set"), defaults: DEFAULTS });
  return await inProcesses({
    ...{ verb: "cache", args, notice: "what is computed is kept" },
    advice: "The same command goes on",
    work: (host, processes) => fill(recipe, parsed, host, processes),
  }, askedProcesses(parsed));
}

async function fill(
  recipe: Recipe,
  parsed: Arguments,
  host: Host,
  processes: Processes | null,
): Promise<number> {
  let progress: ProgressLine | null = null;
  const filled = await fillCaches(
    recipe,
    isFirst(processes)
      ? {
        estimate({ views, bytes, seconds }) {
          host.log(
            `${views} views to compute: ${formatBytes(bytes)} on disk, about ${formatDuration(seconds)}, ` +
              "which every run that reads the cache saves",
          );
        },
        update(done, all) {
          progress ??= new ProgressLine("Embedding", {
            total: all,
            unit: "views",
            before: done,
            stays: true,
          });
          progress.update(done);
        },
      }
      : {},
    host,
    processes,
  );
  if (!isFirst(processes)) return 0;
  if (parsed.has("json")) console.log(JSON.stringify(filled));
  else host.log(`Cache "${filled.dir}": ${filled.views} views, ${formatBytes(filled.bytes)}`);
  return 0;
}
