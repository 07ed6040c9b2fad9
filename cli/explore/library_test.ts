import assert from "node:assert/strict";
import type { ImageSet } from "@seed/core";
import { chosen, chosenOf, shownName } from "./library.ts";

function set(prefix: string, length: number, classNames?: string[]): ImageSet {
  const image = (i: number) => ({ name: `${prefix}/${i}.png`, file: "" });
  return { length, image, ...classNames && { classNames, label: (i: number) => i % classNames.length } };
}

Deno.test("pictures are chosen by the seed, each once, in their order", () => {
  const some = chosen(1000, 100, 7);
  assert.equal(new Set(some).size, 100);
  assert.deepEqual(some, some.toSorted((a, b) => a - b));
  assert.deepEqual(some, chosen(1000, 100, 7));
  assert.notDeepEqual(some, chosen(1000, 100, 8));
  // Of a fair draw the mean is within a few deviations (29) of the middle.
  const mean = some.reduce((a, b) => a + b) / 100;
  assert.ok(Math.abs(mean - 499.5) < 120, `${mean}`);
  assert.deepEqual(chosen(5, 9, 0), [0, 1, 2, 3, 4]);
});

Deno.test("groups follow one another, and classes are those of the pictures", () => {
  const gallery = set("a", 6, ["z", "y"]), queries = set("b", 5, ["y", "nobody's", "x"]);
  const library = chosenOf([["gallery", gallery], ["queries", queries]], { count: 100, seed: 0 }, "It");
  assert.deepEqual(library.pictures.map(({ image: { name } }) => name), [
    ...["a/0.png", "a/1.png", "a/2.png", "a/3.png", "a/4.png", "a/5.png"],
    ...["b/0.png", "b/1.png", "b/2.png", "b/3.png", "b/4.png"],
  ]);
  assert.deepEqual(library.classes, ["nobody's", "x", "y", "z"]);
  const names = library.pictures.map(({ label }) => library.classes[label!]);
  assert.deepEqual(names, ["z", "y", "z", "y", "z", "y", "y", "nobody's", "x", "y", "nobody's"]);
  assert.deepEqual(library.pictures.map(({ group }) => group), [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
});

Deno.test("pictures without classes have none, and too few are refused", () => {
  const library = chosenOf([["pictures", set("a", 20)]], { count: 8, seed: 0 }, "It");
  assert.deepEqual([library.of, library.pictures.length, library.classes], [20, 8, []]);
  assert.ok(library.pictures.every(({ label }) => label === null));
  assert.throws(
    () => chosenOf([["pictures", set("a", 7)]], { count: 100, seed: 0 }, "It"),
    /^RunError: It has 7 pictures/,
  );
});

Deno.test("names tell nothing of a machine's folders", () => {
  assert.equal(shownName({ name: "/home/somebody/photos/dog/1.jpg", file: "" }), "dog/1.jpg");
  assert.equal(shownName({ name: "photos/dog/1.jpg", file: "/home/1.jpg" }), "photos/dog/1.jpg");
});
