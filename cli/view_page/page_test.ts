import assert from "node:assert/strict";
import type { Look, ShownImage } from "./look.ts";
import { renderPage } from "./page.ts";

const PNG = Uint8Array.of(1), RECIPE = { path: "<recipe>.yaml", seed: 0 };
const THIRDS = [1 / 3, 1 / 3, 1 / 3] as const, FIGURES = { mean: THIRDS, std: THIRDS };
const SHOWN: ShownImage = {
  ...{ name: "a.png", className: null, width: 400, height: 200, thumbnail: PNG, patches: [] },
  views: [{ number: 0, size: 32, png: PNG, choices: null }],
};
const LOOK: Look = {
  skipped: 0,
  images: 2,
  classes: null,
  sizes: [{ width: 400, height: 200 }, { width: 5, height: 5 }],
  shown: [SHOWN],
  channels: { ...FIGURES, student: FIGURES, normalized: FIGURES },
};

Deno.test("a page says what there is not: labels, and choices that an augmenter does not tell", () => {
  const page = renderPage(RECIPE, LOOK);
  assert.match(page, /2 images to train on, no labels/);
  assert.match(page, /the augmenter tells nothing/);
  assert.doesNotMatch(page, /<h2>Classes|<rect |class <b>|<recipe>/);
  assert.match(page, /Of all images: 5 to 400 \(median 400\) wide/);
});

Deno.test("choices of any kind are told, and are text", () => {
  const choices = {
    crop: { left: 1, top: 2, width: 30, height: 40 },
    ...{ flip: true, blur: null, jitter: { hue: -1 / 30, order: ["<hue>", "contrast"] }, mode: "a & b" },
  };
  const page = renderPage(RECIPE, {
    ...LOOK,
    shown: [{ ...SHOWN, views: [{ ...SHOWN.views[0], choices }] }],
  });
  const told = page.match(/<b>view 0<\/b><br>(.*?)<\/figcaption>/)![1].split("<br>");
  assert.deepEqual(told, [
    "crop: 30 x 40 at 1, 2",
    "flip: yes",
    "blur: none",
    "jitter.hue: -0.033",
    "jitter.order: &lt;hue&gt;, contrast",
    "mode: a &amp; b",
  ]);
  assert.ok(page.includes('<rect class="c0" x="1" y="2" width="30" height="40"/>'));
});

Deno.test("of many sizes the most frequent are told, and how many others there are", () => {
  const sizes = Array.from({ length: 30 }, (_, i) => ({ width: i < 15 ? 7 : i, height: 9 }));
  const page = renderPage(RECIPE, { ...LOOK, sizes, images: 1000 });
  assert.match(page, /Of 30 images all over the listing/);
  assert.match(page, /<th>7 x 9<td class="number">15<td class="bar"><span style="width:100\.0%">/);
  assert.match(page, /<th>6 others<td class="number">6</);
});

Deno.test("classes stand by their number of images, empty ones too", () => {
  const classes = [{ name: "few", images: 2 }, { name: "none", images: 0 }, { name: "most", images: 8 }];
  const page = renderPage(RECIPE, { ...LOOK, classes });
  const rows = [
    ...page.matchAll(/<th>(\w+)<td class="number">(\d+)<td class="bar"><span style="width:([\d.]+)%/g),
  ];
  assert.deepEqual(rows.map((row) => row.slice(1)), [["most", "8", "100.0"], ["few", "2", "25.0"], [
    "none",
    "0",
    "0.0",
  ]]);
});
