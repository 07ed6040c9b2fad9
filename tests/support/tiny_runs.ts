/**
 * Whole runs by the command line that take a second or two: an engine without a download, a student of two
 * convolutions, a dozen pictures.
 *
 * @module
 */
import { join } from "node:path";
import { type Outcome, ROOT, runCli } from "./cli.ts";
import { makeImageFolder } from "./image_folder.ts";

const support = (file: string) => new URL(`./${file}`, import.meta.url).href;

/** 13 images, 3 steps of 4 an epoch; 12 steps. Everything that a run may do at its times: see `meddling_logger.ts`. */
export const TINY_RECIPE = `version: 1
seed: 1
engine: { plugin: "${support("plugins.ts")}#engine" }
data: { plugin: "@seed/data-image-folder", root: images }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 8 }
teacher: { plugin: "${support("batch_dependent_teacher.ts")}", cache: { views: 2 } }
student: { plugin: "${support("plugins.ts")}#student" }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective: { plugin: "@seed/objective-seed" }
train: { batch_size: 4, epochs: 4, lr: 0.1, schedule_by: step, workers: 1 }
evaluate: { every_epochs: 2, knn: { k: 3 } }
checkpoint: { every_steps: 5 }
loggers: [{ plugin: "@seed/logger-terminal" }, { plugin: "${support("meddling_logger.ts")}" }]
`;

/** Makes a folder with the recipe, `tiny.yaml`, and its pictures, `images/`, for a test. */
export async function inTinyFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-tiny-" });
  try {
    await makeImageFolder(join(folder, "images"), { train: 13, val: 3 }, ["rows"]);
    await Deno.writeTextFile(join(folder, "tiny.yaml"), TINY_RECIPE);
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** How a run is begun, or gone on with. */
export interface TinyRun {
  out: string;
  /** More flags. */
  flags?: string[];
  /** When the logger meddles, for example `step 5`, and how. */
  meddles?: [event: string, action: string];
  /** Commands of the shell that the run is started by. */
  shell?: string;
  env?: Record<string, string>;
}

/** Runs `distill` in such a folder. */
export function distillTiny(folder: string, { out, flags = [], meddles, shell, env: more }: TinyRun) {
  const env: Record<string, string> = meddles
    ? { SEED_TEST_EVENT: meddles[0], SEED_TEST_ACTION: meddles[1] }
    : {};
  return runCli(["distill", "tiny.yaml", "--out", out, ...flags], {
    cwd: folder,
    env: { ...env, ...more },
    shell,
  });
}

/** What is the same in any two runs of a recipe, whatever happened to them: all but what is measured. */
export async function outcomeOf(run: string) {
  const checkpoints = checkpointsOf(run);
  const read = async (file: string) => (await Deno.readFile(join(run, file))).toBase64();
  return {
    metrics: await metricsOf(run),
    newest: checkpoints.at(-1),
    checkpoint: await read(`checkpoints/${checkpoints.at(-1)}`),
    student: await read("student.safetensors"),
  };
}

/**
 * Waits until a run has told of a step.
 *
 * @param ends Of its processes.
 * @throws {Error} If they end before it has, with what they said.
 */
export async function untilStep(
  run: string,
  step: number,
  ends: Promise<Outcome | readonly Outcome[]>,
): Promise<void> {
  const ended = ends.then((outcomes) => [outcomes].flat());
  for (;;) {
    const text = await Deno.readTextFile(join(run, "metrics.jsonl")).catch(() => "");
    if (text.includes(`"step":${step},`)) return;
    const outcomes = await Promise.race([
      ended,
      new Promise<null>((resolve) => setTimeout(resolve, 50, null)),
    ]);
    if (outcomes === null) continue;
    const said = outcomes.map(({ code, signal, stderr }) => `${signal ?? code}: ${stderr}`);
    throw new Error(`The run ended before step ${step}\n${said.join("\n")}`);
  }
}

/** The lines of `metrics.jsonl`, without what is measured. */
export async function metricsOf(run: string): Promise<Record<string, unknown>[]> {
  const lines = (await Deno.readTextFile(join(run, "metrics.jsonl"))).trimEnd().split("\n");
  return lines.map((line) => {
    const { images_per_second: _, ...record } = JSON.parse(line);
    return record;
  });
}

/** Names of a run's checkpoints, ascending. */
export function checkpointsOf(run: string): string[] {
  return [...Deno.readDirSync(join(run, "checkpoints"))].map(({ name }) => name).sort();
}

/** Name of a step's checkpoint. */
export function checkpointName(step: number): string {
  return `step-${String(step).padStart(7, "0")}.safetensors`;
}

/** The command line of this repository, for shells. */
export const CLI = [
  ...[Deno.execPath(), "run", "--allow-all", "--no-check", "--config", `${ROOT}deno.json`],
  `${ROOT}cli/main.ts`,
];
