import assert from "node:assert/strict";
import {
  classNamesOf,
  haveLabels,
  LabelCollector,
  labelIn,
  type Labels,
  withSameKindOfLabels,
} from "./labels.ts";

/** Collects labels that are all right. */
function collect(...texts: string[]): Labels {
  const collector = new LabelCollector();
  for (const text of texts) assert.equal(collector.push(text), null);
  return collector.finish();
}

/** Names of the classes that the labels of several sets mean. */
function meanings(...sets: Labels[]): string[][] {
  const alike = withSameKindOfLabels(sets), classNames = classNamesOf(alike);
  return alike.map((set) => {
    const label = labelIn(set, classNames);
    return Array.from(set.labels, (_, i) => classNames[label(i)]);
  });
}

Deno.test("labels are numbers if all can be, else names in their order", () => {
  assert.deepEqual(collect("2", "0", "2"), { labels: Int32Array.of(2, 0, 2), classNames: null });
  assert.deepEqual(collect("b", "a", "b"), { labels: Int32Array.of(1, 0, 1), classNames: ["a", "b"] });
  for (const text of ["007", "-1", "1.5", "1048576", "1e3", " 1"]) {
    assert.deepEqual(collect("7", text).classNames, ["7", text].sort(), text);
  }
  assert.deepEqual(collect("", ""), { labels: Int32Array.of(-1, -1), classNames: null });
});

Deno.test("sets whose labels are told in different ways mean the same", () => {
  assert.deepEqual(classNamesOf([collect("2"), collect("0")]), ["0", "1", "2"]);
  assert.deepEqual(meanings(collect("c", "a"), collect("b", "a")), [["c", "a"], ["b", "a"]]);
  assert.deepEqual(meanings(collect("c", "10"), collect("2", "10")), [["c", "10"], ["2", "10"]]);
});

Deno.test("labels are there for all or for none", () => {
  const some = new LabelCollector();
  assert.equal(some.push("a"), null);
  assert.equal(some.push(""), "has no label, but those before have one");
  const none = new LabelCollector();
  assert.equal(none.push(""), null);
  assert.equal(none.push("a"), "has a label, but those before have none");
  assert.deepEqual([haveLabels([collect("a"), collect("")]), haveLabels([collect("a")])], [false, true]);
});
