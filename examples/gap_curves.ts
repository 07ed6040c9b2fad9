/**
 * Draws how much of the gap between a beginning and the teacher students have closed, by the images that they have seen:
 * 0 % is the untrained network, 100 % the teacher, by the kNN top-1 of each run's own evaluations.
 *
 *     deno run -A examples/gap_curves.ts OUT.svg EfficientNet-B0=runs/effb0 MobileNetV3-Large=runs/mobilenet_v3_large
 *
 * A run without a teacher is measured by the teacher of the first run.
 *
 * @module
 */
import { curvePicture, UsageError, writeTextAtomically } from "@seed/core";
import { parse } from "yaml";

const [out, ...runs] = Deno.args;
if (!out || runs.length === 0) throw new UsageError("Expected OUT.svg LABEL=RUN ...");

const read = await Promise.all(runs.map(async (run) => {
  const [, label, folder] = run.match(/^([^=]+)=(.+)$/) ?? [];
  if (!folder) throw new UsageError(`Expected LABEL=RUN, got "${run}"`);
  const { train: { batch_size: batch } } = parse(await Deno.readTextFile(`${folder}/recipe.yaml`));
  const lines = (await Deno.readTextFile(`${folder}/metrics.jsonl`)).trimEnd().split("\n");
  const figures = lines.map((line) => JSON.parse(line)).filter((line) => line.evaluation?.knn)
    .map(({ step, network, evaluation }) => ({ network, x: step * batch, y: evaluation.knn.top1 as number }));
  const of = (network: string) => figures.find((one) => one.network === network)?.y;
  return { label, folder, figures, untrained: of("untrained"), teacher: of("teacher") };
}));
const curves = read.map(({ label, folder, figures, untrained, teacher = read[0].teacher }) => {
  if (untrained === undefined || teacher === undefined) {
    throw new UsageError(`The run "${folder}" has no kNN of the untrained network and of a teacher`);
  }
  const shares = figures.filter(({ network }) => network === "student")
    .map(({ x, y }) => ({ x, y: (y - untrained) / (teacher - untrained) }));
  console.log(`${label}: ${shares.map(({ x, y }) => `${x} ${(100 * y).toFixed(1)} %`).join(", ")}`);
  return { label, points: [{ x: 0, y: 0 }, ...shares] };
});
const title = "Share of the gap between untrained network and teacher, by kNN";
await writeTextAtomically(
  out,
  curvePicture({ title, across: "images seen", curves, isShare: true, isMarked: true, includes: [1] }),
);
