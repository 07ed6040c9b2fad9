import assert from "node:assert/strict";
import { RunError } from "../errors.ts";
import { Random } from "../random.ts";
import { accuracy, byClass, classifyScores } from "./classification.ts";

const CLASSES = 7, QUERIES = 40;

/** Scores that are all distinct, and labels. */
function draw(seed: number) {
  const random = new Random(seed, "classification");
  const order = random.permutation(QUERIES * CLASSES);
  return {
    scores: Float32Array.from(order, (value) => value / 8), // exact, so that a constant can be added exactly
    labels: Array.from({ length: QUERIES }, () => random.below(CLASSES)),
  };
}

function figuresOf(scores: Float32Array, labels: number[]) {
  const classified = { ...classifyScores(scores, labels, CLASSES), labels, classes: CLASSES };
  return { figures: accuracy(classified), ...byClass(classified) };
}

Deno.test("of equal scores the lowest class wins: constant scores get the share of class 0, in every figure", () => {
  const labels = [0, 1, 2, 3, 0, 1, 2, 3], classes = 4;
  for (const constant of [0, 0.5, -3e38]) {
    const classified = {
      ...classifyScores(new Float32Array(32).fill(constant), labels, classes),
      labels,
      classes,
    };
    const { per_class, confusion } = byClass(classified);
    assert.deepEqual(accuracy(classified), { top1: 0.25 });
    assert.deepEqual(per_class, [1, 0, 0, 0]);
    assert.deepEqual(confusion, [[2, 0, 0, 0], [2, 0, 0, 0], [2, 0, 0, 0], [2, 0, 0, 0]]);
  }
});

Deno.test("a score that is no number is an error that tells the query", () => {
  for (const value of [NaN, Infinity, -Infinity]) {
    const scores = new Float32Array(12).fill(1).with(7, value);
    assert.throws(
      () => classifyScores(scores, [0, 1, 2], 4),
      (error: Error) => error instanceof RunError && /query 2 of 3 are not finite/.test(error.message),
    );
  }
});

Deno.test("other numbers for the classes, or a constant added to all scores, change no figure", () => {
  for (let trial = 0; trial < 20; trial++) {
    const { scores, labels } = draw(trial), expected = figuresOf(scores, labels);
    assert.deepEqual(figuresOf(scores.map((score) => score + 64), labels), expected);
    const renumbered = new Random(trial, "renumbered").permutation(CLASSES);
    const moved = new Float32Array(scores.length);
    scores.forEach((score, i) => moved[i - i % CLASSES + renumbered[i % CLASSES]] = score);
    const found = figuresOf(moved, labels.map((label) => renumbered[label]));
    assert.deepEqual(found.figures, expected.figures);
  }
});

Deno.test("the figures of one record agree: top1 is the confusion's diagonal, and the classes' mean by their queries", () => {
  for (let trial = 0; trial < 20; trial++) {
    // Few values, so that there are ties.
    const random = new Random(trial, "ties"),
      labels = Array.from({ length: QUERIES }, () => random.below(CLASSES));
    const scores = Float32Array.from({ length: QUERIES * CLASSES }, () => random.below(3));
    const { figures: { top1 }, per_class, confusion } = figuresOf(scores, labels);
    const hits = confusion!.reduce((sum, row, label) => sum + row[label], 0);
    assert.equal(top1, hits / QUERIES);
    const queries = confusion!.map((row) => row.reduce((a, b) => a + b, 0));
    assert.equal(
      Math.round(per_class!.reduce<number>((sum, share, i) => sum + (share ?? 0) * queries[i], 0)),
      hits,
    );
  }
});

Deno.test("a share of no queries is an error, not a figure", () => {
  assert.throws(() => accuracy({ ranks: [], predicted: [], labels: [], classes: 2 }), /There are no queries/);
});

Deno.test("of many classes the commonest confusions are told, as counting all pairs finds them", () => {
  const random = new Random(0, "many"), classes = 150, queries = 4000;
  const labels = Array.from({ length: queries }, () => random.below(classes));
  const predicted = labels.map((label) =>
    random.below(3) ? label : (label + 1 + random.below(3) ** 2) % classes
  );
  const { confused, confusion, per_class } = byClass({ ranks: [], predicted, labels, classes });
  assert.equal(confusion, undefined);
  assert.equal(confused!.length, 20);
  const count = (label: number, given: number) =>
    labels.filter((own, i) => own === label && predicted[i] === given).length;
  for (const [label, given, found] of confused!) assert.equal(found, count(label, given));
  const all = Array.from({ length: classes ** 2 }, (_, i) => [Math.floor(i / classes), i % classes])
    .filter(([label, given]) => label !== given).map(([label, given]) => count(label, given))
    .sort((a, b) => b - a);
  assert.deepEqual(confused!.map(([, , found]) => found), all.slice(0, 20));
  const right = labels.filter((label) => label === 7).length;
  assert.equal(per_class![7], count(7, 7) / right);
});
