import assert from "node:assert/strict";
import type { ImageSet } from "@seed/core";
import { chooseImages, spread } from "./choose_images.ts";

const unlabelled = (length: number): ImageSet => ({ length, image: (i) => ({ name: `${i}`, file: `${i}` }) });
const labelled = (labels: number[], classes: number): ImageSet => ({
  ...unlabelled(labels.length),
  label: (i) => labels[i],
  classNames: Array.from({ length: classes }, (_, i) => `class ${i}`),
});

Deno.test("numbers are spread evenly, each once", () => {
  assert.deepEqual(spread(10, 2), [2, 7]);
  assert.deepEqual(spread(3, 5), [0, 1, 2]);
  assert.equal(new Set(spread(1000, 999)).size, 999);
});

Deno.test("without labels images are spread over the listing", () => {
  assert.deepEqual(chooseImages(unlabelled(100), 4), [12, 37, 62, 87]);
});

Deno.test("every class has its share, and a small one leaves the rest to others", () => {
  const labels = [...Array(50).fill(0), 2, ...Array(20).fill(3)]; // class 1 is empty
  assert.deepEqual(chooseImages(labelled(labels, 4), 7), [8, 25, 41, 50, 54, 61, 67]);
  assert.deepEqual(chooseImages(labelled([0, 1], 2), 12), [0, 1]);
});

Deno.test("of more classes than images some are shown, one image each", () => {
  const labels = Array.from({ length: 30 }, (_, i) => Math.floor(i / 3));
  assert.deepEqual(chooseImages(labelled(labels, 10), 2).map((i) => labels[i]), [2, 7]);
});
