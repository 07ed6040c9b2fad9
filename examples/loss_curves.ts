/**
 * Draws the losses of several runs in one picture.
 *
 *     deno run -A examples/loss_curves.ts OUT.svg SEED=runs/effb0 MoCo-v2=runs/effb0_moco
 *
 * @module
 */
import { curvePicture, UsageError, writeTextAtomically } from "@seed/core";

const [out, ...runs] = Deno.args;
if (!out || runs.length === 0) throw new UsageError("Expected OUT.svg LABEL=RUN ...");
const curves = await Promise.all(runs.map(async (run) => {
  const [, label, folder] = run.match(/^([^=]+)=(.+)$/) ?? [];
  if (!folder) throw new UsageError(`Expected LABEL=RUN, got "${run}"`);
  const text = await Deno.readTextFile(`${folder}/metrics.jsonl`);
  const lines = text.trimEnd().split("\n").map((line) => JSON.parse(line)).filter((line) => "loss" in line);
  return { label, points: lines.map(({ step, loss }) => ({ x: step, y: loss })) };
}));
await writeTextAtomically(out, curvePicture({ title: "Loss", across: "step", curves }));
