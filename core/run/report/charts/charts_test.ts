import assert from "node:assert/strict";
import { Random } from "../../../random.ts";
import { averaged } from "./averaged.ts";
import { curvePicture } from "./curve_picture.ts";
import { lineChart } from "./line_chart.ts";
import { scaleOf, tickText } from "./scale.ts";
import { scatter } from "./scatter.ts";

/** The points of each line. */
function linesOf(svg: string): number[][][] {
  return [...svg.matchAll(/points="([^"]*)"/g)].map(([, points]) =>
    points.split(" ").map((point) => point.split(",").map(Number))
  );
}

const chart = (given: Partial<Parameters<typeof lineChart>[0]>) =>
  String(lineChart({ title: "Loss", across: "step", series: [], ...given }));

Deno.test("a scale holds all values between round ends, whatever they are", () => {
  for (let trial = 0; trial < 200; trial++) {
    const random = new Random(trial, "scale"), size = 10 ** (random.below(13) - 6);
    const values = Array.from(
      { length: 1 + random.below(5) },
      () => random.normal(random.below(3) * size, size),
    );
    const { low, high, ticks, at } = scaleOf(values, { from: 0, to: 100 });
    for (const value of values) assert.ok(at(value) >= -1e-6 && at(value) <= 100 + 1e-6);
    assert.ok(low < high && ticks.length >= 2 && ticks.length <= 12, `${values}: ${ticks}`);
    const shown = ticks.map((tick) => tickText(tick, { ticks }));
    assert.equal(new Set(shown).size, ticks.length, `${shown}`);
  }
});

Deno.test("no values, one value and zeros have a scale, and shares none below 0", () => {
  for (const values of [[], [5], [0, 0], [-2]]) {
    const { low, high } = scaleOf(values, { from: 0, to: 1 });
    assert.ok(Number.isFinite(low) && low < high);
  }
  assert.equal(scaleOf([0, 0], { from: 0, to: 1 }).low, 0);
  const { low, high } = scaleOf([0.7], { from: 0, to: 1, isShare: true });
  assert.deepEqual([low, high], [0, 1]);
});

Deno.test("points are averaged to as many as are seen, and their mean stays", () => {
  const points = Array.from({ length: 10_000 }, (_, i) => ({ x: i, y: (i * 37) % 101 }));
  const fewer = averaged(points, 250),
    mean = (of: { y: number }[]) => of.reduce((sum, { y }) => sum + y, 0) / of.length;
  assert.equal(fewer.length, 250);
  assert.ok(Math.abs(mean(fewer) - mean(points)) < 1e-9);
  assert.deepEqual(averaged([{ x: 1, y: NaN }, { x: 2, y: 3 }], 10), [{ x: 2, y: 3 }]);
});

Deno.test("a loss that falls goes down from left to right, within the picture", () => {
  const points = Array.from({ length: 5000 }, (_, i) => ({ x: i + 1, y: 9 - i / 1000 }));
  const lines = linesOf(chart({ series: [{ label: "loss", points, color: 0, style: "smooth" }] }));
  assert.equal(lines.length, 2); // faint, and smooth
  for (const line of lines) {
    for (const [i, [x, y]] of line.entries()) {
      assert.ok(x >= 0 && x <= 440 && y >= 0 && y <= 250);
      if (i > 0) assert.ok(x > line[i - 1][0] && y > line[i - 1][1]); // SVG's y points down
    }
  }
});

Deno.test("a chart of nothing is not there, and names in it are text", () => {
  assert.equal(
    lineChart({ title: "Loss", across: "step", series: [{ label: "a", points: [], color: 0 }] }),
    null,
  );
  const points = [{ x: 1, y: 2 }], hostile = `"><script>`;
  const drawn = chart({
    title: hostile,
    series: [{ label: hostile, points, color: 0, style: "dots" }],
    levels: [{ label: hostile, value: 1, color: 1 }],
  });
  assert.doesNotMatch(drawn, /<script/);
  assert.equal(drawn.match(/&lt;script&gt;/g)?.length, 6);
});

Deno.test("a level lies where a line of its value would", () => {
  const points = [{ x: 1, y: 2 }, { x: 2, y: 4 }];
  const drawn = chart({
    series: [{ label: "a", points, color: 0 }],
    levels: [{ label: "b", value: 4, color: 1 }],
  });
  const [, level] = drawn.match(/class="level c1"\s+d="M[\d.]+ ([\d.]+)H/)!;
  assert.equal(Number(level), linesOf(drawn)[0][1][1]);
});

Deno.test("points of a map lie within it, each with the sign of its group", () => {
  const drawn = String(scatter({ title: "Map", points: [[-3, 0], [5, 1], [0, 0.5]], groups: [0, 7, 1] }));
  for (const [, x, y] of drawn.matchAll(/cx="([\d.-]+)"\s+cy="([\d.-]+)"/g)) {
    assert.ok(Number(x) >= 0 && Number(x) <= 240 && Number(y) >= 0 && Number(y) <= 240);
  }
  assert.deepEqual([drawn.match(/<circle/g)?.length, drawn.match(/<path/g)?.length], [2, 1]);
});

Deno.test("a picture of curves has each within its sides, says shares in per cent, and obeys no label", () => {
  const svg = curvePicture({
    ...{ title: "Share", across: "images", isShare: true, isMarked: true, includes: [1] },
    curves: [
      { label: "<b>a</b>", points: [{ x: 0, y: 0 }, { x: 1e6, y: 0.5 }, { x: 2e6, y: 0.6 }] },
      { label: "c", points: [{ x: 0, y: 0 }, { x: 5e5, y: -0.1 }] },
    ],
  });
  assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" /);
  assert.match(svg, />100 %</);
  assert.doesNotMatch(svg, /<b>/);
  assert.equal(svg.match(/<circle /g)!.length, 5);
  const [first, second] = linesOf(svg);
  for (const [x, y] of [...first, ...second]) assert.ok(x >= 0 && x <= 800 && y >= 0 && y <= 340);
  assert.ok(first[1][1] < first[0][1] && second[1][1] > second[0][1]); // SVG's y points down
  assert.throws(
    () => curvePicture({ title: "", across: "", curves: [{ label: "none", points: [] }] }),
    /None of 1 curves has a point/,
  );
});
