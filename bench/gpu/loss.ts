import { type Engine, type Precision, tf, unitRows } from "@seed/core";
import { uniform } from "../../tests/golden/formula.ts";
import { loadTeacher, SeedParts } from "../seed_parts.ts";
import { type Machine, openEngine } from "./open_engine.ts";
import { pictures } from "./pictures.ts";
import reference from "./reference_losses.json" with { type: "json" };
import type { Sizes } from "./sizes.ts";

/** Batches that are taken in turns. */
const BATCHES = 20;

/**
 * Losses of a student from its start on; the same on every engine but for rounding. Embeddings of a formula stand for the
 * teacher's: a network of a formula's weights hardly tells pictures apart, and a student of it learns nothing.
 */
export async function losses(
  engine: Engine,
  { batch, size, queue, student, steps }: Sizes["loss"],
  precision: Precision,
): Promise<number[]> {
  using network = loadTeacher("resnet18"); // whose width the student has
  const parts = await SeedParts.create(engine, network, { batch, size, queue, student, precision });
  const dim = parts.student.embeddingDim;
  const batches = Array.from({ length: BATCHES }, (_, i) => ({
    images: pictures(`loss ${i}`, batch, size),
    embeddings: tf.tidy(() => unitRows(tf.tensor2d(uniform(`teacher ${i}`, [batch, dim]), [batch, dim]))),
  }));
  const found: number[] = [];
  for (let i = 0; i < steps; i++) {
    const { images, embeddings } = batches[i % BATCHES], uploaded = parts.upload(images);
    found.push(await parts.studentStep(uploaded, embeddings));
    uploaded.dispose();
  }
  tf.dispose(batches.map(({ embeddings }) => embeddings));
  return found;
}

/** A student's losses beside those that TensorFlow had on a processor in fp32. */
export async function measureLoss(
  machine: Machine,
  precision: "fp32" | "bf16",
  { loss }: Sizes,
  size: "full" | "tiny",
) {
  const { engine } = await openEngine(machine, "auto");
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
    devices: engine.deviceCount,
    reference: reference.about,
    differenceOfFirst: apart[0],
    largestDifferenceOfFirst20: Math.max(...apart.slice(0, 20)),
    largestDifference: Math.max(...apart),
    meanOfLast: { losses: last, found: mean(found), expected: mean(expected) },
    losses: found,
  };
}
