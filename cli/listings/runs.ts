import { join } from "node:path";
import { type Figures, RunError } from "@seed/core";
import { RunFolder } from "@seed/core/host";
import { percent } from "../table.ts";
import type { Listing } from "./listing.ts";

interface RunItem {
  path: string;
  /** `resumable`: it has a checkpoint but is not finished, or still under way. */
  state: "finished" | "resumable" | "without a checkpoint" | "damaged";
  /** Steps done, or the step of the newest checkpoint; null without one. */
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
      const run = new RunFolder(join(FOLDER, name));
      if (await run.isRun()) items.push(await describe(run));
    }
    return items;
  },
  header: ["run", "state", "last loss", "figures of the student"],
  cells: ({ path, state, step, loss, figures, problem }) => [
    path,
    state === "finished"
      ? `finished, ${step} steps`
      : state === "resumable"
      ? `resumable at step ${step}`
      : state,
    loss === null ? "" : loss.toFixed(4),
    problem ?? (figures ? figuresText(figures) : ""),
  ],
  none: `No runs in the folder "${FOLDER}" here`,
};

/** One run that is damaged costs its own row alone. */
async function describe(run: RunFolder): Promise<RunItem> {
  try {
    return await read(run);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    return {
      path: run.path,
      state: "damaged",
      step: null,
      loss: null,
      figures: null,
      problem: error.message,
    };
  }
}

async function read(run: RunFolder): Promise<RunItem> {
  const lines = await run.metrics();
  const last = lines.findLast((line) => line.loss !== undefined);
  const evaluated = lines.findLast((line) => line.network === "student");
  const known = {
    path: run.path,
    loss: last?.loss ?? null,
    figures: evaluated?.evaluation ?? null,
    problem: null,
  };
  const summary = await run.summary();
  if (summary) {
    const { steps } = summary;
    if (Number.isInteger(steps)) return { ...known, state: "finished", step: steps as number };
    throw new RunError(
      `The file "${run.file("summary")}" is damaged: it does not say how many steps there were`,
    );
  }
  const step = (await run.checkpointSteps()).at(-1) ?? null;
  return { ...known, state: step === null ? "without a checkpoint" : "resumable", step };
}

function figuresText(figures: Record<string, Figures>): string {
  return Object.entries(figures).flatMap(([evaluator, values]) =>
    Object.entries(values).map(([figure, value]) => `${evaluator} ${figure} ${percent(value)}`)
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
