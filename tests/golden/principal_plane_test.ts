import assert from "node:assert/strict";
import { principalPlane } from "../../core/run/samples/principal_plane.ts";
import { unit } from "./formula.ts";
import golden from "./principal_plane.json" with { type: "json" };

const ROWS = 40, DIM = 24;

Deno.test("the map of a report is the plane of NumPy's first two principal components", async () => {
  const noise = unit("map.noise", ROWS * DIM), first = unit("map.first", ROWS), axis = unit("map.axis", DIM);
  const rows = Float32Array.from(noise, (value, i) => {
    const along = 3 * (2 * first[Math.floor(i / DIM)] - 1) * (2 * axis[i % DIM] - 1);
    return 2 * value - 1 + along + 0.5;
  });
  const { points, shares } = await principalPlane(rows, DIM, new AbortController().signal);
  shares.forEach((share, i) => assert.ok(Math.abs(share - golden.shares[i]) < 1e-6));
  for (const [axis, expected] of [golden.x, golden.y].entries()) {
    // A component may point either way.
    const sign = Math.sign(points[0][axis] * expected[0]);
    points.forEach((point, i) =>
      assert.ok(Math.abs(sign * point[axis] - expected[i]) < 1e-5, `${axis}, ${i}`)
    );
  }
});

Deno.test("rows that are all the same lie in one place, and have no variance", async () => {
  const { points, shares } = await principalPlane(
    new Float32Array(30).fill(1),
    3,
    new AbortController().signal,
  );
  assert.deepEqual(shares, [0, 0]);
  assert.ok(points.flat().every((value) => Math.abs(value) < 1e-9));
});
