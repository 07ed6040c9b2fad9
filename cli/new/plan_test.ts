import assert from "node:assert/strict";
import {
  batchFor,
  bestOf,
  chooseSides,
  fits,
  onPatches,
  type Pace,
  paceAt,
  planRun,
  secondsOf,
  SIDES,
  type Task,
} from "./plan.ts";
import { settingsFor } from "./settings.ts";

/** A machine that takes a tenth of a second for a step at 64 px, and a fortieth for the teacher's part. */
const PACE: Pace = { side: 64, teacherSide: 128, fresh: 0.125, cached: 0.1, start: 20 };

function task(
  train: number,
  seconds: number,
  more: Partial<Task["look"]["sample"]> & { patch?: number } = {},
): Task {
  const { patch = 1, ...sample } = more,
    evaluation = { queries: train / 4, gallery: train, heldOut: 0.2, drawn: null };
  return {
    settings: settingsFor(train, false),
    look: {
      ...{ train, images: 1.25 * train, evaluation },
      sample: {
        looked: 1.25 * train,
        whole: [],
        broken: [],
        sides: [100, 300, 500],
        secondsEach: 0.005,
        ...sample,
      },
    },
    ...{ seconds, patch, memory: 8e9, teacherDim: 1280, begins: false },
  };
}

/** Shares of times and sizes of folders, all that `new` may meet. */
const TASKS = [40, 300, 3000, 50_000, 1_000_000].flatMap((train) =>
  [60, 600, 3600, 86_400].map((seconds) => task(train, seconds))
);

Deno.test("what is planned ends in its time, or has the one epoch that there must be", () => {
  for (const one of TASKS) {
    const pace = paceAt([PACE], chooseSides(one, [PACE])), plan = planRun(one, pace);
    assert.ok(
      fits(one, plan) || plan.epochs === 1,
      `${one.look.train} in ${one.seconds}: ${secondsOf(plan)}`,
    );
    assert.ok(plan.epochs <= one.settings.mostEpochs);
    assert.equal(plan.stepsPerEpoch, Math.floor(one.look.train / plan.batch));
    assert.equal(plan.queue % plan.batch, 0);
    assert.ok(plan.queue >= plan.batch && plan.queue <= Math.max(plan.batch, 2 * one.look.train));
  }
});

Deno.test("more time gives more epochs or larger views, never fewer views seen than wanted", () => {
  for (const train of [300, 3000]) {
    const plans = [300, 1200, 6000, 86_400].map((seconds) => {
      const one = task(train, seconds), pace = paceAt([PACE], chooseSides(one, [PACE]));
      return planRun(one, pace);
    });
    plans.reduce((before, plan) => {
      assert.ok(plan.side >= before.side && secondsOf(plan) >= secondsOf(before));
      return plan;
    });
    assert.equal(plans.at(-1)!.side, SIDES[0], "a day is enough for the largest views");
  }
});

Deno.test("what of a step is fixed is told by two sides, and larger ones cost only what grows", () => {
  const larger = { side: 128, teacherSide: 256, fresh: 0.2, cached: 0.13, start: 30 };
  const { fresh, cached, start } = paceAt([PACE, larger], { side: 192, teacherSide: 128 });
  const near = (value: number, expected: number) => assert.ok(Math.abs(value - expected) < 1e-9, `${value}`);
  near(cached, 0.09 + 9 * 0.01); // 0.09 s, and 0.01 s for each area of 64 px
  near(fresh - cached, 0.025);
  assert.equal(start, 30);
  const one = paceAt([PACE], { side: 128, teacherSide: 256 });
  near(one.cached, 0.4);
  near(one.fresh - one.cached, 0.1);
});

Deno.test("where the larger views were the faster ones, as beside other programs, steps grow with the area", () => {
  const noisy = { ...PACE, side: 128, teacherSide: 256, fresh: 0.1, cached: 0.08 };
  const { fresh, cached } = paceAt([PACE, noisy], { side: 128, teacherSide: 256 });
  assert.ok(cached > 0.08 && fresh > cached, `${fresh} ${cached}`);
  const small = paceAt([PACE, noisy], { side: 64, teacherSide: 64 });
  assert.ok(small.cached > 0 && small.cached < cached);
});

Deno.test("views are no larger than the pictures, and the teacher's fill its patches", () => {
  const small = task(300, 86_400, { sides: [32, 32, 32] });
  assert.deepEqual(chooseSides(small, [PACE]).side, 64, "CIFAR's pictures");
  const middle = task(300, 86_400, { sides: [90, 100, 110] });
  assert.equal(chooseSides(middle, [PACE]).side, 128, "the side above the pictures'");
  for (const seconds of [60, 600, 86_400]) {
    const { teacherSide } = chooseSides(task(300, seconds, { patch: 14 }), [PACE]);
    assert.equal(teacherSide % 14, 0);
  }
  assert.deepEqual([onPatches(64, 14), onPatches(224, 16), onPatches(100, 1)], [70, 224, 100]);
});

Deno.test("the teacher's cache pays from more epochs than views, and where there is room for it", () => {
  const long = planRun(task(300, 3600), PACE), short = planRun(task(50_000, 600), PACE);
  assert.deepEqual([long.cacheViews, short.cacheViews], [50, null], "200 epochs, four of each view");
  const tight = { ...task(300, 3600), memory: 300 * 1280 * 2 * 20 / 0.15 }; // for 20 views
  assert.equal(planRun(tight, PACE).cacheViews, 20);
  assert.equal(planRun({ ...task(300, 3600), memory: 1e6 }, PACE).cacheViews, null);
  const cached = planRun(task(300, 3600), { ...PACE, fresh: 10 }),
    fresh = planRun({ ...task(300, 3600), memory: 1e6 }, {
      ...PACE,
      fresh: 10,
    });
  assert.ok(cached.epochs > 2 * fresh.epochs);
});

Deno.test("a student that begins from weights is evaluated once more, as noise", () => {
  const one = { ...task(300, 60), settings: { ...settingsFor(300, false), mostEpochs: 1 } };
  const of = (begins: boolean) => planRun({ ...one, begins }, PACE).seconds.evaluations;
  const student = 0.4 * PACE.cached / 32, teacher = (PACE.fresh - PACE.cached) / 32, images = 375;
  assert.ok(Math.abs(of(false) - images * (2 * student + teacher)) < 1e-9, `${of(false)}`);
  assert.ok(Math.abs(of(true) - images * (3 * student + teacher)) < 1e-9, `${of(true)}`);
});

Deno.test("of measured paces the last that pays is taken; where none does, that with the most views that fits", () => {
  const larger = { ...PACE, teacherSide: 192 }, slow = { ...larger, fresh: 20, cached: 10 };
  const long = task(300, 86_400), short = task(300, 120);
  assert.equal(bestOf(long, [PACE, larger]), 1);
  assert.equal(bestOf(short, [PACE, slow]), 0);
  assert.equal(bestOf(short, [slow, PACE]), 1);
  assert.equal(bestOf(task(1_000_000, 60), [slow, PACE]), 1, "what is nearest to the time");
});

Deno.test("small folders have smaller batches, at least two an epoch", () => {
  const of = (train: number) => batchFor(settingsFor(train, false), train);
  assert.deepEqual([8, 20, 63, 64, 300].map(of), [4, 8, 16, 32, 32]);
});

Deno.test("pictures are all read first where some are broken, or where that costs little", () => {
  const skips = (...given: Parameters<typeof task>) => planRun(task(...given), PACE).skips;
  assert.equal(skips(300, 600), false, "all were read, none is broken");
  assert.equal(skips(300, 600, { broken: [{ name: "a", message: "b" }] }), true);
  assert.equal(skips(3000, 600, { looked: 1000 }), true, "some ten seconds");
  assert.equal(skips(1_000_000, 600, { looked: 1000 }), false, "more than an hour");
});
