import assert from "node:assert/strict";
import { classesSection, worstConfusions } from "./classes.ts";
import { comparisonOutcome, renderComparison } from "./comparison/page.ts";
import { costOf, timeText } from "./cost.ts";
import { recipeDifferences } from "./comparison/recipe_differences.ts";
import { evaluationLines, stepLines } from "./lines.ts";
import { renderRun } from "./page.ts";
import type { RunContent } from "./run_content.ts";
import { figureCourses, mainFigure, verdictFigures } from "./run_figures.ts";
import { runSummary } from "./run_summary.ts";

const details = (per_class: number[], confusion: number[][]) => ({
  knn: {
    protocol: "3 nearest",
    gallery: 60,
    queries: 40,
    seed: null,
    classes: ["cat", "dog"],
    per_class,
    confusion,
  },
});

const LINES = [
  {
    step: 0,
    network: "teacher",
    evaluation: { knn: { top1: 0.8 } },
    details: details([0.9, 0.7], [[18, 2], [6, 14]]),
  },
  {
    step: 0,
    network: "untrained",
    evaluation: { knn: { top1: 0.3 } },
    details: details([0.5, 0.1], [[10, 10], [18, 2]]),
  },
  ...Array.from({ length: 40 }, (_, i) => ({
    ...{
      step: i + 1,
      epoch: (i + 1) / 40,
      loss: 5 - i / 20,
      lr: 0.1,
      images_per_second: 100,
      gradient_norm: 2,
    },
    ...{
      losses: { seed: 4 - i / 20, disco: 0.5 },
      metrics: { loss_floor: 0.7, loss_uniform: 6.9, distance: 0.2 },
    },
  })),
  {
    step: 40,
    network: "student",
    evaluation: { knn: { top1: 0.6 } },
    details: details([0.6, 0.6], [[12, 8], [8, 12]]),
  },
];

const RUN: RunContent = {
  ...{ name: "first", path: "runs/first", state: "finished", recipe: "version: 1\n", problems: [] },
  facts: {
    teacher: { file: "weights/teacher.pth", sha256: "ab12", layout: "moco", tensors: 320 },
    student: { network: "resnet18", parameters: 11_000_000, trained_in: "fp32", weights: null },
    images: { train: 400, gallery: 60, queries: 40 },
  },
  summary: { steps: 40, images_seen: 320, images_per_second: 99.5, data_wait_seconds: 1 },
  settings: {
    teacher: { plugin: "@seed/teacher-moco", network: "resnet50" },
    queue: { size: 8 },
    objective: { plugin: "@seed/objective-seed" },
    train: { batch_size: 8, epochs: 1, lr: 0.1, schedule: "cosine", optimizer: "sgd" },
  },
  steps: stepLines(LINES as never),
  evaluations: evaluationLines(LINES as never),
  timings: [
    { step: 0, pause_seconds: 3 },
    ...Array.from({ length: 40 }, (_, i) => ({
      ...{ step: i + 1, seconds: 0.5, data_wait_seconds: 0.1 },
    })),
  ],
  samples: {
    ...{ format: 1, queries: 40, gallery: 60, asked: [4] },
    map: { images: [1, 4, 7], labels: [0, 1, 0], classes: ["cat", "dog"], classes_in_all: 2 },
    networks: {
      teacher: {
        step: 0,
        points: [[0, 1], [1, 0], [0, 0]],
        shares: [0.4, 0.2],
        neighbours: [[{ image: 9, similarity: 0.9 }]],
      },
      student: {
        step: 40,
        points: [[1, 1], [1, 0], [0, 0]],
        shares: [0.5, 0.2],
        neighbours: [[{ image: 8, similarity: 0.8 }]],
      },
    },
    pictures: {
      "query 4": { name: "4.jpg", class: "cat", webp: "AAAA" },
      "gallery 8": { name: "8.jpg", class: "dog", webp: "BBBB" },
      "gallery 9": { name: "9.jpg", class: "cat", webp: "CCCC" },
    },
  },
};

/** The page's text, with one space between words. */
function textOf(page: string): string {
  return page.replace(/<style>.*<\/style>/s, "").replaceAll(/<[^>]*>/g, " ").replaceAll("\u00a0", " ")
    .replaceAll(/\s+/g, " ");
}

/** A page that needs nothing but itself: its pictures are in it. */
function assertAlone(page: string): void {
  assert.doesNotMatch(page, /<script|<link|<iframe|https?:|url\(|@import| on[a-z]+=/);
  for (const [, source] of page.matchAll(/(?:src|href)="([^"]*)"/g)) {
    assert.match(source, /^data:image\/webp;base64,/);
  }
}

Deno.test("the page of a run tells the verdict first, then all there is", () => {
  const page = renderRun(RUN), text = textOf(page);
  assertAlone(page);
  const order = [
    "Ahead of its beginning by 30.0 points of kNN, 60 % of the way to the teacher: level with it within chance.",
    "What was trained from what",
    "Your teacher was used: 320 tensors of the file below.",
    "weights/teacher.pth",
    "It began from noise.",
    "Training",
    "the teacher's own entropy",
    "ln(K + 1)",
    "Losses, before their weights",
    "distance",
    "Length of the gradient",
    "Images a second",
    "Waits for pictures",
    "Evaluations",
    "knn top1",
    "Nearest neighbours",
    "Map of features",
    "By class",
    "Most often confused",
    "What it cost",
    "Record",
  ];
  order.reduce((from, part) => {
    const at = text.indexOf(part, from);
    assert.ok(at >= 0, `"${part}" is not after ${text.slice(from, from + 80)}`);
    return at;
  }, 0);
  assert.match(
    text,
    /Time 23 s .*Of that, steps 20 s .*checkpoints 3 s .*Waits for pictures 20\.0 % of the steps/,
  );
});

Deno.test("the page of a run without a teacher tells of none", () => {
  const { teacher: _, ...settings } = RUN.settings, { teacher: __, ...facts } = RUN.facts;
  const { teacher: ___, ...networks } = RUN.samples!.networks;
  const page = renderRun({
    ...RUN,
    ...{ settings, facts, samples: { ...RUN.samples!, networks } },
    evaluations: RUN.evaluations.filter(({ network }) => network !== "teacher"),
  });
  const told = textOf(page).match(/.{8}teacher.{7}/gi);
  assert.deepEqual(told, ["thout a teacher, on 40", "om what Teacher None: "]);
});

Deno.test("what an earlier version did not record is said, and nothing is made up", () => {
  const lines = LINES.map(({ details: _, metrics: __, losses: ___, ...line }: any) => line);
  const page = renderRun({
    ...RUN,
    ...{
      steps: stepLines(lines),
      evaluations: evaluationLines(lines),
      timings: [],
      samples: null,
      facts: {},
    },
    summary: { steps: 40 },
  });
  const text = textOf(page);
  assert.match(text, /What it can be at least was not recorded/);
  assert.match(text, /How long each step waited for pictures was not recorded/);
  assert.match(text, /Nearest neighbours They were not recorded\. Map of features It was not recorded/);
  assert.match(text, /By class It was not recorded: no evaluator classified/);
  assert.match(text, /Time not recorded/);
  assert.match(text, /tells of no file of weights/);
  assert.match(text, /How many is not recorded/);
  assert.doesNotMatch(page, /NaN|undefined|Infinity|\[object/);
});

Deno.test("a folder with nothing but a recipe has a page too", () => {
  const nothing: RunContent = {
    ...{
      name: "empty",
      path: "empty",
      state: "interrupted",
      recipe: "",
      problems: ["run.json is damaged"],
      facts: {},
      summary: null,
    },
    ...{ settings: {}, steps: [], evaluations: [], timings: [], samples: null },
  };
  const page = renderRun(nothing), text = textOf(page);
  assertAlone(page);
  assert.match(
    text,
    /run that was interrupted .*run\.json is damaged .*Not trained yet\..*No step has been taken yet/,
  );
  assert.doesNotMatch(page, /NaN|undefined|Infinity|\[object/);
  renderComparison([nothing, RUN]);
});

/** Each text and each name of a value in it, hostile. */
function poisoned(value: unknown, text: string): unknown {
  if (typeof value === "string") return value.startsWith("AAAA") || /^[BC]{4}$/.test(value) ? value : text;
  if (Array.isArray(value)) return value.map((one) => poisoned(one, text));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, poisoned(inner, text)]));
}

Deno.test("what files say is text on every page, never markup", () => {
  const hostile = `"><script>alert('&')</script><img src=x onerror=alert(1)>`;
  const run = { ...poisoned(RUN, hostile) as RunContent, state: RUN.state };
  const named = {
    ...run,
    settings: { ...run.settings, [hostile]: hostile },
    facts: { ...run.facts, [hostile]: { [hostile]: hostile }, versions: { [hostile]: hostile } },
    problems: [hostile],
    steps: run.steps.map((line) => ({ ...line, losses: { [hostile]: 1, b: 2 }, metrics: { [hostile]: 1 } })),
    evaluations: run.evaluations.map((one) => ({
      ...one,
      network: "student",
      evaluation: { [hostile]: { [hostile]: 0.5 } },
      details: { [hostile]: one.details.knn, knn: one.details.knn },
    })),
  };
  for (const page of [renderRun(named), renderComparison([named, RUN])]) {
    assertAlone(page.replaceAll(/&lt;.*?&gt;/g, "").replaceAll("onerror", ""));
    assert.doesNotMatch(page, /<script|<img src=x/);
    assert.ok(page.includes("&lt;script&gt;"));
  }
});

Deno.test("lines that are no records of today's kind are taken for what they are", () => {
  const lines = [
    { step: 1, loss: null, lr: "fast", losses: 3, metrics: null },
    {
      step: 2,
      network: "student",
      evaluation: { knn: { top1: null } },
      details: { knn: "none", linear: { protocol: 1 } },
    },
  ];
  const [step] = stepLines(lines as never), [evaluation] = evaluationLines(lines as never);
  assert.deepEqual(step, { step: 1, loss: null, lr: undefined, losses: undefined, metrics: undefined });
  assert.deepEqual(evaluation.details, {});
  const page = renderRun({
    ...RUN,
    steps: stepLines(lines as never),
    evaluations: evaluationLines(lines as never),
  });
  assert.doesNotMatch(page, /NaN|undefined|Infinity|\[object/);
});

Deno.test("runs are judged by kNN before other figures, and by what their file had before noise", () => {
  const lines = [
    {
      step: 0,
      network: "untrained",
      evaluation: {
        retrieval: { top1: 0.1 },
        knn: { top1_k20: 0.2, top1_k1: 0.1 },
        agreement: { chance: 1 },
      },
    },
    { step: 0, network: "initial", evaluation: { retrieval: { top1: 0.3 }, knn: { top1_k20: 0.4 } } },
    { step: 9, network: "student", evaluation: { retrieval: { top1: 0.3 }, knn: { top1_k20: 0.5 } } },
  ];
  const run = { ...RUN, evaluations: evaluationLines(lines as never) };
  assert.equal(mainFigure(figureCourses(run))!.key, "knn top1_k20");
  assert.equal(verdictFigures(run).figure!.beginning, 0.4);
  assert.ok(figureCourses(run).every(({ key }) => key !== "agreement chance"));
});

Deno.test("figures of before a resume that changed what is measured are not compared with those after it", () => {
  const lines = [
    { step: 0, network: "teacher", evaluation: { knn: { top1: 0.8 }, linear: { top1: 0.9 } } },
    { step: 0, network: "untrained", evaluation: { knn: { top1: 0.2 }, linear: { top1: 0.3 } } },
    { step: 5, network: "student", evaluation: { knn: { top1: 0.4 }, linear: { top1: 0.5 } } },
    { step: 10, network: "student", evaluation: { knn: { top1: 0.5 }, linear: { top1: 0.6 } } }, // after the resume
    { step: 20, network: "student", evaluation: { knn: { top1: 0.7 }, linear: { top1: 0.7 } } },
  ];
  const run = (...changed: string[]): RunContent => ({
    ...{ ...RUN, evaluations: evaluationLines(lines as never) },
    facts: {
      ...RUN.facts,
      resumed: changed.length
        ? [{ at_step: 10, changed: Object.fromEntries(changed.map((key) => [key, { was: 1, now: 2 }])) }]
        : [],
    },
  });
  const of = (content: RunContent) => {
    const { teacher, untrained, student } = mainFigure(figureCourses(content))!;
    return [teacher, untrained, student.map(({ step }) => step)];
  };
  const all = [5, 10, 20];
  assert.deepEqual(of(run()), [0.8, 0.2, all]);
  assert.deepEqual(of(run("evaluate.every_epochs", "evaluate.linear.l2", "train.workers")), [0.8, 0.2, all]);
  assert.deepEqual(of(run("evaluate.knn.k")), [null, null, [10, 20]]);
  assert.deepEqual(of(run("evaluate.teacher.weights")), [null, 0.2, all]);
  assert.match(
    textOf(renderRun(run("evaluate.knn.k"))),
    /knn : the recipe's evaluate was changed .* after step 10\./,
  );
  assert.doesNotMatch(textOf(renderRun(run())), /was changed when the run went on/);
  // A finished run that is only measured otherwise: its end is all that there is to show.
  const remeasured = { ...run("evaluate.knn.k"), evaluations: evaluationLines(lines.slice(0, -1) as never) };
  assert.deepEqual(of(remeasured), [null, null, [10]]);
  assert.doesNotMatch(textOf(renderRun(remeasured)), /has not been evaluated/);
  // An evaluator that was taken out has no say any more.
  const without = lines.map((line) =>
    line.step < 20 ? line : { ...line, evaluation: { linear: { top1: 0.7 } } }
  );
  assert.equal(
    mainFigure(figureCourses({ ...run(), evaluations: evaluationLines(without as never) }))!.key,
    "linear top1",
  );
});

Deno.test("a queue is full when the largest is, wherever a recipe has it", () => {
  const filled = (settings: object) =>
    verdictFigures({ ...RUN, settings: { train: RUN.settings.train, ...settings } as RunContent["settings"] })
      .filledAfter;
  assert.equal(filled({ queue: { size: 80 } }), 10);
  assert.equal(
    filled({ objective: [{ plugin: "a", queue: { size: 160 } }, { plugin: "b" }], queue: { size: 8 } }),
    20,
  );
  assert.equal(filled({ small_patches: { queue: { size: 240 } } }), 30);
  assert.equal(
    filled({ small_patches: [{ augmenter: {} }, { queue: { size: 320 } }], queue: { size: 8 } }),
    40,
  );
  assert.equal(filled({}), 0);
});

Deno.test("a comparison tells of a way to the teacher where the verdict does", () => {
  const way = (teacher: number, untrained: number, evaluator = "knn", more: object = {}) => {
    const evaluations = [["teacher", teacher], ["untrained", untrained], ["student", 0.6]].map((
      [network, top1],
    ) => ({
      ...{ step: network === "student" ? 40 : 0, network },
      evaluation: { [evaluator]: evaluator === "knn" ? { top1 } : { overlap: top1 } },
      ...network === "student" && more,
    }));
    const run = { ...RUN, evaluations: evaluationLines(evaluations as never) };
    return textOf(renderComparison([run, run])).match(/of the way to the teacher (\d+ %|behind)?/)![1];
  };
  assert.equal(way(0.9, 0.3), "50 %");
  assert.equal(way(0.31, 0.3), undefined); // within chance
  assert.equal(way(1, 0.3, "agreement"), undefined); // it agrees with itself
  assert.equal(way(0.9, 0.55), undefined); // the student is level with its beginning
  assert.equal(way(1, 0.62), undefined);
  assert.equal(way(1, 0.85), "behind");
  assert.equal(way(0.9, 0.3, "knn", { identical_features: true }), undefined); // it has collapsed
});

Deno.test("the cost of a run is what was measured; of earlier ones what can be told", () => {
  assert.deepEqual(costOf(RUN), {
    ...{ images: 320, speed: 99.5, seconds: 23, stepSeconds: 20, pauseSeconds: 3, timedSteps: null },
  });
  const part = { ...RUN, timings: RUN.timings.slice(0, 11) }; // of ten steps; the others' lines are lost
  assert.equal(timeText(costOf(part)), "8 s, of 10 steps alone");
  assert.equal(runSummary(part).seconds, null);
  const earlier = costOf({ ...RUN, timings: [] });
  assert.ok(Math.abs(earlier.stepSeconds! - 40 * 8 / 100) < 1e-9);
  assert.deepEqual([earlier.seconds, earlier.pauseSeconds], [null, null]);
});

Deno.test("the worst confusions are the commonest mistakes", () => {
  const base = { protocol: "", gallery: 1, queries: 1, seed: null };
  const confusion = [[5, 3, 0], [1, 9, 0], [4, 0, 2]];
  assert.deepEqual(
    worstConfusions({ ...base, confusion })!.map(({ label, given, queries }) => [label, given, queries]),
    [
      [2, 0, 4],
      [0, 1, 3],
      [1, 0, 1],
    ],
  );
  assert.deepEqual(worstConfusions({ ...base, confused: [[7, 3, 2]] }), [{
    label: 7,
    given: 3,
    queries: 2,
    share: null,
  }]);
  assert.equal(worstConfusions(base), null);
  assert.match(textOf(`${classesSection(RUN)}`), /cat dog 8 40 %/);
});

Deno.test("accuracies by class stand beside those of the same options alone", () => {
  const section = (changed: string) => {
    const resumed = [{ at_step: 10, changed: { [changed]: { was: 1, now: 2 } } }];
    return `${classesSection({ ...RUN, facts: { ...RUN.facts, resumed } })}`;
  };
  assert.match(section("train.workers"), /class="beginning".*class="teacher"/s);
  assert.doesNotMatch(section("evaluate.knn.k"), /class="(beginning|teacher)"|Lines across/);
});

Deno.test("a comparison tells the best run, all figures and in what the recipes differ", () => {
  const worse = LINES.map((line) =>
    "network" in line && line.network === "student" ? { ...line, evaluation: { knn: { top1: 0.2 } } } : line
  );
  const other = {
    ...{ ...RUN, name: "second", evaluations: evaluationLines(worse as never) },
    settings: { ...RUN.settings, train: { ...RUN.settings.train as object, lr: 0.5 }, data: null },
  };
  const page = renderComparison([RUN, other]), text = textOf(page);
  assertAlone(page);
  assert.match(text, /first is best by kNN, 60\.0 %: 40\.0 points before second\./);
  assert.match(text, /knn top1 60\.0 % 20\.0 %/);
  assert.match(text, /Differences of the recipes key first second train\.lr 0\.1 0\.5 $/m);
  assert.match(page, /images seen/);
  const elsewhere = { ...other, facts: { ...RUN.facts, images: { labels_sha256: ["a"] } } };
  const here = { ...RUN, facts: { ...RUN.facts, images: { labels_sha256: ["b"] } } };
  assert.match(comparisonOutcome([here, elsewhere]), /evaluated on other pictures/);
});

Deno.test("figures that were measured by other options, or against other teachers, are not ranked", () => {
  const run = (evaluate: object, { facts = RUN.facts, ...teacher }: Record<string, unknown> = {}) => {
    const evaluations = LINES.map((line) =>
      "network" in line && !("knn" in evaluate)
        ? { ...line, evaluation: { agreement: { overlap: 0.5 } } }
        : line
    );
    return {
      ...{ ...RUN, facts, evaluations: evaluationLines(evaluations as never) },
      settings: { ...RUN.settings, evaluate, teacher: { plugin: "t", weights: "a.pth", ...teacher } },
    } as RunContent;
  };
  const outcome = (...runs: RunContent[]) => comparisonOutcome(runs);
  const level = /are level by/, otherOptions = /evaluated with other options of knn: their figures cannot/;
  const otherTeachers = /evaluated against other teachers/;
  assert.match(outcome(run({ knn: { k: 1 } }), run({ knn: { k: 20 } })), otherOptions);
  assert.match(outcome(run({ knn: { k: 20 } }), run({ knn: { k: 20, on: "features" } })), level); // an earlier version's
  assert.match(outcome(run({ knn: { k: 20 } }), run({ knn: { k: 20 } }, { weights: "b.pth" })), level);
  const agreement = { agreement: { k: 10 } }, facts = { ...RUN.facts, teacher: { sha256: "other" } };
  assert.match(outcome(run(agreement), run(agreement, { weights: "moved/a.pth" })), level); // the same file's hash
  assert.match(outcome(run(agreement), run(agreement, { facts })), otherTeachers);
  const unknown = { ...RUN.facts, teacher: null };
  assert.match(
    outcome(run(agreement, { facts: unknown }), run(agreement, { facts: unknown, weights: "b.pth" })),
    otherTeachers,
  );
  const against = (plugin: string) => ({ ...agreement, teacher: { plugin } });
  assert.match(outcome(run(against("r")), run(against("s"))), otherTeachers);
  assert.match(outcome(run(against("r")), run(against("r"), { facts })), level); // trained by others
});

Deno.test("recipes differ by their last digits too", () =>
  assert.deepEqual(recipeDifferences([0.999996, 0.999999].map((ema) => ({ train: { ema } }))), [
    { key: "train.ema", values: ["0.999996", "0.999999"] },
  ]));

Deno.test("a run's figures for programs are JSON, all of them", () => {
  const summary = JSON.parse(JSON.stringify(runSummary(RUN)));
  assert.deepEqual([summary.steps, summary.seconds, summary.figures["knn top1"].student], [40, 23, [{
    step: 40,
    value: 0.6,
  }]]);
});
