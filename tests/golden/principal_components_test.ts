import assert from "node:assert/strict";
import { principalComponents, project } from "../../core/evaluation/principal_components.ts";
import { clusters, DIM } from "./clusters.ts";
import { uniform } from "./formula.ts";
import golden from "./principal_components.json" with { type: "json" };

const ROWS = {
  clusters: { data: clusters("gallery", 200), dim: DIM },
  wide: { data: uniform("wide", [12, 40]), dim: 40 },
};

for (const [name, expected] of Object.entries(golden)) {
  Deno.test(`principal components of ${name} are scikit-learn's, with their signs`, async () => {
    const rows = ROWS[name as keyof typeof ROWS],
      components = await principalComponents(rows, 2, new AbortController().signal);
    assertNear([...components.mean], expected.mean);
    components.directions.forEach((direction, i) => assertNear([...direction], expected.directions[i]));
    assertNear(components.shares, expected.shares);
    const places = project(rows, components).subarray(0, 2 * expected.projected.length);
    assertNear([...places], expected.projected.flat());
  });
}

function assertNear(actual: readonly number[], expected: readonly number[]): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) =>
    assert.ok(Math.abs(value - expected[i]) < 1e-5, `${i}: ${value}, expected ${expected[i]}`)
  );
}
