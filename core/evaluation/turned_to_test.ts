import assert from "node:assert/strict";
import { Random } from "../random.ts";
import { turnedTo } from "./turned_to.ts";

Deno.test("a map that was turned and mirrored is turned back", () => {
  const random = new Random(0, "map"),
    to = Array.from({ length: 50 }, () => [random.normal(0, 3), random.normal()] as const);
  const middle = [0, 1].map((axis) => to.reduce((sum, one) => sum + one[axis], 0) / to.length);
  const turned = to.map(([x, y]) => [0.6 * x - 0.8 * -y + 5, 0.8 * x + 0.6 * -y - 2] as const);
  turnedTo(turned, to).forEach((point, i) =>
    point.forEach((value, axis) => assert.ok(Math.abs(value - (to[i][axis] - middle[axis])) < 1e-9))
  );
});
