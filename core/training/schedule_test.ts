import assert from "node:assert/strict";
import { learningRate, scheduleOf, type ScheduleOptions } from "./schedule.ts";

const base: ScheduleOptions = {
  ...{ lr: 0.12, schedule: "cosine", scheduleBy: "step" },
  ...{ epochs: 10, warmupEpochs: 2, batchSize: 1024, stepsPerEpoch: 7 },
};
const close = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual}, expected ${expected}`);

/** The rates of all steps of a run. */
function rates(options: Partial<ScheduleOptions>): number[] {
  const all = { ...base, ...options };
  return Array.from({ length: all.epochs * all.stepsPerEpoch }, (_, step) => learningRate(step, all));
}

Deno.test("by step, warm-up rises evenly to lr and the cosine falls from it towards zero", () => {
  const values = rates({}), warmup = 14, rest = values.length - warmup;
  for (let step = 0; step < warmup; step++) close(values[step], 0.12 * (step + 1) / 15);
  for (let i = 0; i < rest; i++) close(values[warmup + i], 0.06 * (1 + Math.cos(Math.PI * i / rest)));
  assert.ok(values.at(-1)! > 0 && values.at(-1)! < 0.001);
});

Deno.test("a constant rate is lr after warm-up, by step and by epoch", () => {
  for (const scheduleBy of ["step", "epoch"] as const) {
    const values = rates({ schedule: "constant", scheduleBy });
    for (const value of values.slice(14)) close(value, 0.12);
    assert.ok(values[0] < 0.12);
  }
});

Deno.test("by epoch, warm-up starts at the rate of a batch of 256, and changes nothing at 256 or below", () => {
  close(rates({ scheduleBy: "epoch" })[0], 0.03);
  for (const batchSize of [256, 128, 1]) {
    for (const value of rates({ scheduleBy: "epoch", batchSize }).slice(0, 14)) close(value, 0.12);
  }
});

Deno.test("without warm-up every schedule begins at lr", () => {
  for (const scheduleBy of ["step", "epoch"] as const) {
    for (const schedule of ["cosine", "constant"] as const) {
      close(rates({ scheduleBy, schedule, warmupEpochs: 0 })[0], 0.12);
    }
  }
});

Deno.test("steps drop after so many epochs, by epoch and by step, in the order that nobody has to keep", () => {
  for (const scheduleBy of ["step", "epoch"] as const) {
    const values = rates({ schedule: "steps", scheduleBy, drops: [7, 4], dropFactor: 0.2 });
    for (const [step, value] of values.entries()) {
      if (step >= 14) close(value, 0.12 * (step < 4 * 7 ? 1 : step < 7 * 7 ? 0.2 : 0.04));
    }
    assert.deepEqual(values.slice(0, 14), rates({ schedule: "constant", scheduleBy }).slice(0, 14));
  }
  const halves = rates({ schedule: "steps", drops: [4.5] }); // 31.5 steps; a tenth unless told
  close(halves[31], 0.12);
  close(halves[32], 0.012);
});

Deno.test("a drop after the last step is refused where the steps of an epoch are known", () => {
  const schedule = (drop: number) =>
    scheduleOf(
      { ...{ lr: 0.1, batch_size: 4, epochs: 10 }, schedule: "steps", drops: [4, drop] } as never,
      4,
    );
  assert.deepEqual(schedule(9.75).drops, [4, 9.75]); // the last step's
  assert.throws(
    () => schedule(9.8),
    /^RunError: train\.drops has 9\.8, which comes after the last step: with 4 steps an epoch it begins after 9\.75 /,
  );
});

Deno.test("a warm-up of a part of an epoch counts in steps", () => {
  const values = rates({ warmupEpochs: 0.5 }); // 3.5 steps, so 4
  for (let step = 0; step < 4; step++) close(values[step], 0.12 * (step + 1) / 5);
  close(values[4], 0.12);
});

Deno.test("a run that is all warm-up never exceeds lr", () => {
  for (const value of rates({ warmupEpochs: 10 })) assert.ok(value > 0 && value < 0.12);
});
