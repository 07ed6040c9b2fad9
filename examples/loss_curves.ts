/**
 * Draws the losses of several runs in one picture.
 *
 *     deno run -A examples/loss_curves.ts OUT.svg SEED=runs/effb0 MoCo-v2=runs/effb0_moco
 *
 * @module
 */
import { lossChart, UsageError, writeTextAtomically } from "@seed/core";

const [out, ...runs] = Deno.args;
if (!out || runs.length === 0) throw new UsageError("Expected OUT.svg LABEL=RUN ...");
const curves = await Promise.all(runs.map(async (run) => {
  const [label, folder] = run.split("=");
  if (!folder) throw new UsageError(`Expected LABEL=RUN, got "${run}"`);
  const text = await Deno.readTextFile(`${folder}/metrics.jsonl`);
  const lines = text.trimEnd().split("\n").map((line) => JSON.parse(line)).filter((line) => "loss" in line);
  return { label, losses: lines.map(({ step, loss }) => ({ x: step, y: loss })) };
}));
// A file of its own, unlike a part of a page, has to say what language it is in.
const picture = lossChart(curves).replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"');
await writeTextAtomically(out, `${picture}\n`);
