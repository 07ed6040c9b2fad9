import assert from "node:assert/strict";
import { lossChart, type Point } from "./loss_chart.ts";
import { renderReport, type ReportContent } from "./report.ts";

const CONTENT: ReportContent = {
  name: "demo",
  facts: { device: "cpu", versions: { deno: "2.9.6" } },
  summary: { final_loss: 5.123456789, steps: 2, evaluations: [{ step: 0 }] },
  losses: [{ x: 1, y: 6 }, { x: 2, y: 5 }],
  evaluations: [
    { step: 0, network: "teacher", evaluation: { knn: { top1: 0.538 } } },
    { step: 2, network: "student", evaluation: { knn: { top1: 0.41 }, agreement: { overlap: 0.1 } } },
  ],
  recipe: "version: 1\n",
};

Deno.test("a report shows facts, figures in per cent, and the recipe", () => {
  const html = renderReport(CONTENT);
  assert.match(html, /<th>versions\.deno<td>2\.9\.6/);
  assert.match(html, /<th>final_loss<td>5\.1235\n/);
  assert.match(html, /<th>knn top1, %<th>agreement overlap, %/);
  assert.match(html, /<td>teacher<td class="number">53\.8<td class="number">\n/);
  assert.match(html, /<td>student<td class="number">41\.0<td class="number">10\.0/);
  assert.match(html, /<pre>version: 1\n<\/pre>/);
  assert.doesNotMatch(html, /<script|https?:/);
});

Deno.test("what files say is text in a report, never markup", () => {
  const hostile = `<script>alert("&")</script>`;
  const evaluation = { [hostile]: { top1: 1 } };
  const html = renderReport({
    ...CONTENT,
    name: hostile,
    recipe: hostile,
    facts: { [hostile]: hostile },
    evaluations: [{ step: 1, network: hostile, evaluation }],
  });
  assert.doesNotMatch(html, /<script/);
  assert.equal(html.match(/&lt;script&gt;alert\(&quot;&amp;&quot;\)/g)?.length, 7);
});

const chartOf = (losses: Point[]) => lossChart([{ label: "a run", losses }]);

/** The polyline's points. */
function pointsOf(svg: string): number[][] {
  return svg.match(/points="([^"]*)"/)![1].split(" ").map((point) => point.split(",").map(Number));
}

Deno.test("a loss that falls goes down from left to right", () => {
  const points = pointsOf(chartOf(Array.from({ length: 5000 }, (_, i) => ({ x: i + 1, y: 9 - i / 1000 }))));
  assert.ok(points.length <= 400);
  for (let i = 1; i < points.length; i++) {
    assert.ok(points[i][0] > points[i - 1][0] && points[i][1] > points[i - 1][1]); // SVG's y points down
  }
});

Deno.test("one step, a constant loss, and none are drawn too", () => {
  for (const losses of [[{ x: 1, y: 2 }], [{ x: 1, y: 2 }, { x: 2, y: 2 }]]) {
    assert.ok(pointsOf(chartOf(losses)).flat().every(Number.isFinite));
  }
  assert.match(lossChart([]), /No steps/);
  assert.match(chartOf([]), /No steps/);
});

Deno.test("several curves share the scales, each with its colour and its label as text", () => {
  const steep = [{ x: 1, y: 10 }, { x: 100, y: 0 }], short = [{ x: 1, y: 5 }, { x: 50, y: 5 }];
  const chart = lossChart([{ label: "a", losses: steep }, { label: "<b>", losses: short }, {
    label: "",
    losses: [],
  }]);
  const lines = [...chart.matchAll(/points="([^"]+)".*?stroke="(#\w+)"/g)];
  const [a, b] = lines.map(([, points]) => points.split(" ").map((point) => point.split(",").map(Number)));
  assert.equal(lines.length, 2);
  assert.notEqual(lines[0][2], lines[1][2]);
  assert.equal(a[0][0], b[0][0]);
  assert.ok(b[1][0] < a[1][0] && b[0][1] > a[0][1] && b[0][1] < a[1][1]);
  for (const [i, label] of ["a", "&lt;b&gt;"].entries()) {
    assert.ok(chart.includes(`fill="${lines[i][2]}">${label}</text>`));
  }
});
