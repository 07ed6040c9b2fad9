import type { Engine, Precision } from "@seed/core";
import { pixels } from "../../tests/golden/formula.ts";
import { loadTeacher, SeedParts } from "../seed_parts.ts";
import { openEngine } from "./open_engine.ts";
import reference from "./reference_losses.json" with { type: "json" };
import type { Sizes } from "./sizes.ts";

/** Batches that are taken in turns. */
const BATCHES = 10;

/** Losses of a student from its start on; the same on every engine but for rounding. */
export async function losses(
  engine: Engine,
  { batch, size, queue, student, steps }: Sizes["loss"],
  precision: Precision,
): Promise<number[]> {
  using network = loadTeacher("resnet50");
  const options = { batch, size, queue, student, precision, teacherPrecision: precision };
  const parts = await SeedParts.create(engine, network, options);
  const batches = Array.from({ length: BATCHES }, (_, i) => pixels(`loss ${i}`, batch, size));
  const found: number[] = [];
  for (let i = 0; i < steps; i++) found.push(await parts.stepOn(batches[i % BATCHES]));
  return found;
}

/** A student's losses beside those that TensorFlow had on a processor in fp32. */
export async function measureLoss(
  pluginFile: string,
  precision: "fp32" | "bf16",
  { loss }: Sizes,
  size: "full" | "tiny",
) {
  const { engine } = await openEngine(pluginFile, "auto");
  await using _ = engine;
  const found = await losses(engine, loss, precision), expected = reference.losses[size];
  if (expected.length !== found.length) {
    throw new Error(
      `reference_losses.json has ${expected.length} ${size} losses, expected ${found.length}; make it anew`,
    );
  }
  const apart = found.map((value, i) => Math.abs(value - expected[i]));
  const last = Math.min(50, found.length),
    mean = (values: number[]) => values.slice(-last).reduce((a, b) => a + b) / last;
  return {
    ...loss,
    precision,
    reference: reference.about,
    largestDifferenceOfFirst20: Math.max(...apart.slice(0, 20)),
    largestDifference: Math.max(...apart),
    meanOfLast: { losses: last, found: mean(found), expected: mean(expected) },
    losses: found,
  };
}
