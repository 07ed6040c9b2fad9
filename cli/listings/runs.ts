import { join } from "node:path";
import type { Figures } from "@seed/core";
import { percent } from "../table.ts";
import type { Listing } from "./listing.ts";

interface RunItem {
  path: string;
  /** `resumable`: it has a checkpoint but is not finished, or still under way. */
  state: "finished" | "resumable" | "without a checkpoint";
  /** Steps done, or the step of the newest checkpoint; null without one. */
  step: number | null;
  /** Of the last step. */
  loss: number | null;
  /** Of the student, by evaluator; null before there are any. */
  figures: Record<string, Figures> | null;
}

const FOLDER = "runs";

/** Runs below `runs/` where the command is given. */
export const runs: Listing<RunItem> = {
  async items() {
    const items: RunItem[] = [];
    for (const name of await foldersIn(FOLDER)) {
      const path = join(FOLDER, name);
      if (await textOf(join(path, "recipe.yaml")) !== null) items.push(await describe(path));
    }
    return items;
  },
  header: ["run", "state", "last loss", "figures of the student"],
  cells: ({ path, state, step, loss, figures }) => [
    path,
    state === "finished"
      ? `finished, ${step} steps`
      : state === "resumable"
      ? `resumable at step ${step}`
      : state,
    loss === null ? "" : loss.toFixed(4),
    figures ? figuresText(figures) : "",
  ],
  none: `No runs in the folder "${FOLDER}" here`,
};

async function describe(path: string): Promise<RunItem> {
  const lines = wholeLines(await textOf(join(path, "metrics.jsonl")) ?? "");
  const last = lines.findLast((line) => "loss" in line);
  const evaluated = lines.findLast((line) => line.network === "student");
  const known = { path, loss: last?.loss ?? null, figures: evaluated?.evaluation ?? null };
  const summary = await textOf(join(path, "summary.json"));
  if (summary !== null) return { ...known, state: "finished", step: JSON.parse(summary).steps };
  const step = await newestCheckpoint(join(path, "checkpoints"));
  return { ...known, state: step === null ? "without a checkpoint" : "resumable", step };
}

interface MetricsLine {
  loss?: number;
  network?: string;
  evaluation?: Record<string, Figures>;
}

/** The objects of the lines; the last line of a run that is under way may be half written. */
function wholeLines(text: string): MetricsLine[] {
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  return whole.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

async function newestCheckpoint(folder: string): Promise<number | null> {
  const steps = (await namesIn(folder)).flatMap((name) => {
    const [, step] = name.match(/^step-(\d+)\.safetensors$/) ?? [];
    return step ? [Number(step)] : [];
  });
  return steps.length ? Math.max(...steps) : null;
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

/** Null if the file is not there. */
async function textOf(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return null;
    throw error;
  }
}
