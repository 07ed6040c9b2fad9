import assert from "node:assert/strict";
import { type Verdict, verdictOf } from "./verdict.ts";
import type { VerdictFigures } from "./verdict_figures.ts";

const STEPS = 400;

/** A loss a step, with a little that goes up and down. */
function lossesOf(
  at: (step: number) => number,
  rate: (step: number) => number = () => 0.1,
  floor: number | null = 1,
) {
  return Array.from({ length: STEPS }, (_, step) => ({
    ...{
      loss: at(step) + 0.05 * Math.sin(7 * step),
      floor,
      uniform: floor === null ? null : 7,
      rate: rate(step),
    },
  }));
}

const FIGURE = {
  name: "kNN",
  queries: 10_000,
  teacher: 0.6,
  beginning: 0.3,
  student: [{ step: STEPS, value: 0.42 }],
};
const RUN: VerdictFigures = {
  ...{
    state: "finished",
    steps: STEPS,
    plannedSteps: STEPS,
    figure: FIGURE,
    isTaught: true,
    isCollapsed: false,
    others: [],
    fixedViews: null,
    filledAfter: 0,
  },
  ...{ losses: lossesOf((step) => 6 - 3 * step / STEPS), waits: 0 },
};

/** The verdict of that run, but for what is given. */
function verdict(given: Partial<VerdictFigures>): Verdict {
  return verdictOf({ ...RUN, ...given });
}

/** The same with another last student, or another figure. */
function headline(given: Partial<typeof FIGURE> & { value?: number }): string {
  const { value, ...figure } = given;
  const student = value === undefined ? FIGURE.student : [{ step: STEPS, value }];
  return verdict({ figure: { ...FIGURE, student, ...figure } }).headline;
}

Deno.test("the headline tells the lead over the beginning, and the share of the way to the teacher", () => {
  assert.equal(headline({}), "Ahead of its beginning by 12.0 points of kNN, 40 % of the way to the teacher");
  assert.equal(headline({ value: 0.25 }), "Behind its beginning by 5.0 points of kNN");
  assert.equal(
    headline({ value: 0.31, beginning: 0.2, teacher: null as never }),
    "Ahead of its beginning by 11.0 points of kNN",
  );
  assert.match(headline({ value: 0.65 }), /^Ahead .*, past the teacher by 5\.0 points$/);
  assert.match(headline({ value: 0.595 }), /, 98 % of the way to the teacher: level with it within chance$/);
  assert.match(headline({ teacher: 0.3 }), /^Ahead .*; the teacher is not ahead of that beginning itself$/);
});

Deno.test("a difference that chance makes is none: two standard errors of two shares of as many images", () => {
  // sqrt(2 * 0.31 * 0.69 / 100) is 0.0654; twice that 13.1 points.
  assert.match(
    headline({ value: 0.32, queries: 100 }),
    /^Level with its beginning by kNN: .* 2\.0 points .*\(13\.1 points\)$/,
  );
  assert.match(headline({ value: 0.32, queries: 10_000 }), /^Ahead of its beginning by 2\.0 points/);
  assert.match(headline({ value: 0.305, queries: null as never }), /^Level /);
  assert.match(headline({ value: 0.32, queries: null as never }), /^Ahead /);
  assert.equal(verdict({ figure: { ...FIGURE, queries: 4 } }).tone, "level");
});

Deno.test("what nobody knows is said, and so is a student that has collapsed", () => {
  const open = (given: Partial<VerdictFigures>) => {
    const { headline, tone } = verdict(given);
    assert.equal(tone, "open");
    return headline;
  };
  assert.match(open({ figure: null }), /nobody knows: the recipe evaluates nothing/);
  assert.match(open({ figure: { ...FIGURE, student: [] } }), /has not been evaluated yet/);
  assert.match(
    open({ figure: { ...FIGURE, beginning: null } }),
    /kNN is 42\.0 %; of its beginning nothing is recorded/,
  );
  assert.match(open({ steps: 0, losses: [] }), /Not trained yet/);
  assert.match(verdict({ isCollapsed: true }).headline, /makes the same of all images/);
  assert.equal(verdict({ isCollapsed: true }).tone, "behind");
});

Deno.test("an earlier student that was clearly better is named", () => {
  const student = [{ step: 100, value: 0.5 }, { step: 200, value: 0.3 }, { step: STEPS, value: 0.42 }];
  assert.match(
    verdict({ figure: { ...FIGURE, student } }).notes[0],
    /better after step 100, by 8\.0 points of kNN/,
  );
  student[0].value = 0.425;
  assert.doesNotMatch(verdict({ figure: { ...FIGURE, student } }).notes[0], /better/);
});

Deno.test("the loss's place is between a guess's and its floor, over the last quarter", () => {
  const place = (given: Partial<VerdictFigures>) =>
    verdict(given).notes.find((note) => /guess|above/.test(note));
  assert.match(
    place({ losses: lossesOf(() => 4) })!,
    /come 50 % of the way from a guess's, 7\.00, to .* 1\.00\.$/,
  );
  assert.match(
    place({ losses: lossesOf(() => 7.2) })!,
    /no lower than a guess's: nothing was learnt of the teacher/,
  );
  assert.match(place({ losses: lossesOf(() => 7.2), isTaught: false })!, /: nothing was learnt\. Look at/);
  assert.equal(place({ losses: lossesOf(() => 4, undefined, null) }), undefined);
  const distances = lossesOf(() => 0.5, undefined, 0).map((one) => ({ ...one, uniform: null }));
  assert.match(place({ losses: distances })!, /0\.50\d above the least/);
});

Deno.test("whether the loss still falls is told from its last two quarters, and what that is worth", () => {
  const trend = (given: Partial<VerdictFigures>) =>
    verdict(given).notes.find((note) => /falls|rises|flat|few|queue/.test(note));
  assert.match(
    trend({})!,
    /still falls, by 2\d\.\d % over the last quarter of the steps: more epochs would help\.$/,
  );
  assert.match(trend({ fixedViews: { views: 4, times: 3 } })!, /: more epochs would help\.$/);
  assert.match(
    trend({ fixedViews: { views: 4, times: 12 } })!,
    /still falls, .*, but on the same 4 views of each picture, 12 times each: more views .*cache\.views/,
  );
  const student = [{ step: 100, value: 0.4 }, { step: 250, value: 0.43 }, { step: STEPS, value: 0.42 }];
  const stands = { figure: { ...FIGURE, student } };
  assert.match(trend(stands)!, /but kNN, .*, has not risen since step 250: more pictures may help more/);
  assert.match(
    trend({ ...stands, fixedViews: { views: 4, times: 12 } })!,
    /since step 250: more pictures, or more views of each \(teacher\.cache\.views\), may help more than more epochs\.$/,
  );
  // It rises still, or was as high only a moment ago.
  student[2].value = 0.44;
  assert.match(trend(stands)!, /: more epochs would help\.$/);
  student[1] = { step: 350, value: 0.45 };
  assert.match(trend(stands)!, /: more epochs would help\.$/);
  assert.match(trend({ losses: lossesOf((step) => 3 + step / STEPS) })!, /rises, by \d+\.\d %.*a lower rate/);
  assert.match(
    trend({ losses: lossesOf((step) => 3 + step / STEPS), isTaught: false })!,
    /rises, by \d+\.\d % [^:]*\. Where a student makes its own targets, as by MoCo, that says little/,
  );
  assert.match(
    trend({ losses: lossesOf(() => 4) })!,
    /flat over the last quarter .*: more epochs of the same would change little/,
  );
  const ending = lossesOf(() => 4, (step) => 0.1 * (1 - step / STEPS) ** 4);
  assert.match(trend({ losses: ending })!, /flat at the end, where the rate is close to 0/);
  // A run that was ended before its end is not given advice about epochs.
  assert.match(
    trend({ plannedSteps: 800 })!,
    /still falls, by 2\d\.\d % over the last quarter of the steps\.$/,
  );
  assert.match(
    trend({ state: "interrupted", losses: lossesOf(() => 4) })!,
    /flat over the last quarter of the steps\.$/,
  );
  assert.match(trend({ losses: RUN.losses.slice(0, 10) })!, /10 steps are too few/);
});

Deno.test("a loss that rises while the queue fills is not taken for one that rises", () => {
  const losses = lossesOf((step) => step < 200 ? 2 + step / 100 : 4 - (step - 200) / 100);
  assert.match(verdict({ losses, filledAfter: 200 }).notes.join(), /still falls/);
  assert.match(
    verdict({ losses, filledAfter: 390 }).notes.join(),
    /before the queue is full, which is after 390 steps/,
  );
});

Deno.test("a floor that moves is no movement of the loss", () => {
  const losses = lossesOf((step) => 3 + step / STEPS).map((one, step) => ({ ...one, floor: step / STEPS }));
  assert.match(verdict({ losses }).notes.join(), /flat/);
});

Deno.test("long waits, and a run that has not come to its end, are told", () => {
  assert.match(verdict({ waits: 0.34 }).notes.join(), /waited for pictures 34 % of their time/);
  assert.doesNotMatch(verdict({ waits: null }).notes.join(), /waited/);
  assert.match(
    verdict({ state: "under way", plannedSteps: 900 }).notes.at(-1)!,
    /under way, at step 400 of 900/,
  );
  assert.match(
    verdict({ state: "interrupted" }).notes.at(-1)!,
    /ended after step 400 of 400; distill --resume goes on/,
  );
  assert.match(verdict({ plannedSteps: 900 }).notes.at(-1)!, /to end after step 400 of the 900/);
});

Deno.test("a figure of another evaluator that clearly fell is not passed over", () => {
  const others = [
    { name: "retrieval top1", queries: 10_000, beginning: 0.3, student: 0.2 },
    { name: "agreement overlap", queries: 10_000, beginning: 0.3, student: 0.299 },
  ];
  const behind = (given: Partial<VerdictFigures>) => verdict(given).notes.filter((note) => /^But/.test(note));
  assert.deepEqual(behind({ others }), ["But it is behind its beginning by 10.0 points of retrieval top1."]);
  const student = [{ step: STEPS, value: 0.1 }];
  assert.deepEqual(behind({ others, figure: { ...FIGURE, student } }), []);
});
