import { join } from "node:path";
import { type Figures, RunError } from "@seed/core";
import { Problems, RunFolder, studentsIn } from "@seed/core/host";
import { percent } from "../table.ts";
import type { Listing } from "./listing.ts";

interface RunItem {
  path: string;
  /** `under way`: a process writes it now; `resumable`: it has a checkpoint but is not finished. */
  state: "finished" | "under way" | "resumable" | "without a checkpoint" | "damaged";
  /** Steps done, or of a run that is resumable the step of the newest checkpoint; null without one. */
  step: number | null;
  /** Of the last step. */
  loss: number | null;
  /** Of the student, by evaluator; null before there are any. */
  figures: Record<string, Figures> | null;
  /** What cannot be read of it; null: all can. */
  problem: string | null;
}

const FOLDER = "runs";

/** Runs below `runs/` where the command is given. */
export const runs: Listing<RunItem> = {
  async items() {
    const items: RunItem[] = [];
    for (const name of await foldersIn(FOLDER)) {
      const path = join(FOLDER, name), isRun = await new RunFolder(path).isRun();
      // A run of several students has a folder of each in its own, and no recipe beside them.
      const paths = isRun ? [path] : (await studentsIn(path)).map((student) => join(path, student));
      for (const one of paths) items.push(await describe(new RunFolder(one)));
    }
    return items;
  },
  header: ["run", "state", "last loss", "figures of the student"],
  cells: ({ path, state, step, loss, figures, problem }) => [
    path,
    state === "finished"
      ? `finished, ${step} steps`
      : state === "resumable" || state === "under way" && step !== null
      ? `${state} at step ${step}`
      : state,
    loss === null ? "" : loss.toFixed(4),
    [...figures ? [figuresText(figures)] : [], ...problem !== null ? [problem] : []].join("; "),
  ],
  none: `No runs in the folder "${FOLDER}" here`,
};

/** A run of which something cannot be read costs its own row alone, and what can be read is told. */
async function describe(run: RunFolder): Promise<RunItem> {
  const problems = new Problems();
  const { lines, problem } = await problems.attempt(() => run.metrics(), { lines: [], problem: null });
  if (problem !== null) problems.told.push(problem);
  const last = lines.findLast(({ loss }) => typeof loss === "number");
  const evaluated = lines.findLast((line) => line.network === "student");
  const state = await problems.attempt(() => stateOf(run, last?.step ?? null), {
    state: "damaged",
    step: null,
  });
  return {
    ...{ path: run.path, ...state, loss: last?.loss ?? null, figures: evaluated?.evaluation ?? null },
    problem: problems.told.length ? problems.told.join("; ") : null,
  };
}

/** @param last Of the last line of a step. */
async function stateOf(run: RunFolder, last: number | null): Promise<Pick<RunItem, "state" | "step">> {
  const isUnderWay = run.isUnderWay(), summary = await run.summary();
  if (summary) {
    const { steps } = summary;
    if (Number.isInteger(steps)) return { state: "finished", step: steps as number };
    throw new RunError(
      `The file "${run.file("summary")}" is damaged: it does not say how many steps there were`,
    );
  }
  const step = (await run.checkpointSteps()).at(-1) ?? null;
  if (isUnderWay) return { state: "under way", step: last ?? step };
  return { state: step === null ? "without a checkpoint" : "resumable", step };
}

function figuresText(figures: Record<string, Figures>): string {
  return Object.entries(figures).flatMap(([evaluator, values]) =>
    Object.entries(values).map(([figure, value]: [string, number | null]) =>
      `${evaluator} ${figure} ${value === null ? "no number" : percent(value)}`
    )
  ).join(", ");
}

async function foldersIn(folder: string): Promise<string[]> {
  return (await namesIn(folder)).sort();
}

/** Empty if the folder is not there. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
