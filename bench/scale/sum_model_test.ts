import assert from "node:assert/strict";
import measured from "./measured.json" with { type: "json" };
import type { Measured, Point } from "./points.ts";
import { fit, isFitted, isSound, loadOf, loadOfPoint, sumMs } from "./sum_model.ts";

/** How far a calculated sum may be from the measured one; a single value's, whose looks at the barrier are coarse. */
const WITHIN = 0.2, WITHIN_OF_ONE_VALUE = 0.3;

const carriers = fit(measured);

function errorOf(point: Point): number {
  const carrier = point.linkRate === null ? carriers.memory : carriers.network;
  return sumMs(loadOfPoint(point, measured), carrier) / point.ms - 1;
}

function checkAll(points: readonly Point[]): void {
  const most = ({ bytes }: Point) => bytes === 4 ? WITHIN_OF_ONE_VALUE : WITHIN;
  const wrong = points.filter((point) => Math.abs(errorOf(point)) > most(point)).map((point) =>
    `${JSON.stringify(point)}: ${(100 * errorOf(point)).toFixed(0)} %`
  );
  assert.deepEqual(wrong, []);
}

const sound = measured.points.filter(isSound);

Deno.test("the constants reproduce the points that they were fitted to within 20 %", () => {
  const points = sound.filter(isFitted);
  assert.ok(points.length >= 15, `${points.length} points`);
  checkAll(points);
});

Deno.test("they tell points that they were not fitted to within 20 %", () => {
  const points = sound.filter((point) => !isFitted(point));
  assert.ok(points.length >= 10, `${points.length} points`);
  checkAll(points);
});

Deno.test("sums that other programs held up took no less than calculated", () => {
  for (const point of measured.points.filter((point) => !isSound(point) && point.bytes > 1e6)) {
    assert.ok(errorOf(point) < WITHIN, `${JSON.stringify(point)}: ${(100 * errorOf(point)).toFixed(0)} %`);
  }
});

Deno.test("constants are found again from points that a model has made", () => {
  const made = { meet: 3, perByte: 2e-6, linkShare: 0.9 };
  const points = measured.points.map((point) => ({
    ...point,
    isQuiet: true,
    ms: sumMs(loadOfPoint(point, measured), { ...made, ...point.linkRate === null && { linkShare: 1 } }),
  }));
  const again = fit({ ...measured, points } as Measured);
  for (const carrier of [again.memory, again.network]) {
    for (const name of ["meet", "perByte"] as const) {
      assert.ok(Math.abs(carrier[name] / made[name] - 1) < 0.03, `${name}: ${carrier[name]}`);
    }
  }
  assert.ok(Math.abs(again.network.linkShare - 0.9) < 0.02);
});

Deno.test("what goes out of a host: its pieces for others, and all pieces but one round the ring", () => {
  const way = { hosts: 2, processesPerHost: 2, linkRate: 8e9, bytes: 4e6 };
  // A piece is 1 MB: two processes send two each to the other host; then three go by. 7 MB at 1 GB/s.
  assert.equal(loadOf(way, { cores: 4, sharing: 4 }).link, 7);
  assert.equal(loadOf(way, { cores: 2, sharing: 4 }).crowdedBytes, 6e6);
});
