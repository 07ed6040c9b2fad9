import assert from "node:assert/strict";
import { outcomeOf } from "./outcome.ts";
import { recipeDifferences } from "./recipe_differences.ts";

const run = (name: string, value: number | null, queries: number | null = 10_000) => ({
  name,
  value,
  queries,
});

Deno.test("the best run is named, or those that chance does not tell apart", () => {
  assert.equal(
    outcomeOf("kNN", [run("a", 0.4), run("b", 0.5)], null),
    "b is best by kNN, 50.0 %: 10.0 points before a.",
  );
  assert.match(
    outcomeOf("kNN", [run("a", 0.501), run("b", 0.5), run("c", 0.4)], null),
    /^a and b are level by kNN, at 50\.1 % to 50\.0 %: differences of 1\.4 points are within chance\.$/,
  );
  assert.match(
    outcomeOf("kNN", [run("a", 0.53, 50), run("b", 0.5), run("c", 0.45)], null),
    /^a, b and c are level/,
  );
});

Deno.test("what cannot be compared is not", () => {
  assert.match(outcomeOf(null, [run("a", 1), run("b", 1)], null), /no figure in common/);
  assert.match(
    outcomeOf("kNN", [run("a", 0.1), run("b", 0.5)], "on other pictures"),
    /evaluated on other pictures:/,
  );
  assert.match(outcomeOf("kNN", [run("a", 0.1), run("b", null)], null), /No two/);
});

Deno.test("recipes differ in the keys that they say otherwise; null is no key", () => {
  const differences = recipeDifferences([
    { seed: 0, train: { lr: 0.1, freeze: [] }, teacher: { plugin: "t", cache: null }, list: [1, 2] },
    { seed: 0, train: { lr: 0.2, freeze: [] }, teacher: { plugin: "t" }, list: [1] },
  ]);
  assert.deepEqual(differences, [
    { key: "train.lr", values: ["0.1", "0.2"] },
    { key: "list.1", values: ["2", null] },
  ]);
  assert.deepEqual(recipeDifferences([{ a: 1 }, { a: 1 }]), []);
});
