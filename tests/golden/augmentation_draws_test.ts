/**
 * What is random about views has torchvision's distributions.
 *
 * @module
 */
import assert from "node:assert/strict";
import mocoV1, { mocoV1View } from "@seed/augmenter-moco-v1";
import mocoV2, { mocoV2View } from "@seed/augmenter-moco-v2";
import swav, { swavView } from "@seed/augmenter-swav";
import { type Operation, Random, type Size, type ViewPlan } from "@seed/core";
import golden from "./augmentation_draws.json" with { type: "json" };

const DRAWS = 10_000;

/** What the Kolmogorov-Smirnov distance of so many draws exceeds once in a thousand times. */
const MAX_DISTANCE = 1.95 / Math.sqrt(DRAWS);

/** Four standard deviations of a share of the draws. */
const tolerance = (share: number) => 4 * Math.sqrt(share * (1 - share) / DRAWS);

type Draw = (random: Random, picture: Size) => ViewPlan;
type Kind = Operation["kind"];

/** Augmenters by their name in the golden file, with the shares of views that their recipes say. */
const AUGMENTERS: [keyof typeof golden, Draw, shares: { hue: number; grayscale: number; blur: number }][] = [
  ["moco_v1", (...of) => mocoV1View(...of, mocoV1.options.parse({})), { hue: 1, grayscale: 0.2, blur: 0 }],
  ["moco_v2", (...of) => mocoV2View(...of, mocoV2.options.parse({})), {
    hue: 0.8,
    grayscale: 0.2,
    blur: 0.5,
  }],
  ["swav", (...of) => swavView(...of, swav.options.parse({})), { hue: 0.8, grayscale: 0.2, blur: 0.5 }],
];

for (const [name, draw, shares] of AUGMENTERS) {
  const plansOf = (picture: Size) =>
    Array.from({ length: DRAWS }, (_, i) => draw(new Random(0, name, i), picture));

  Deno.test(`${name} draws crops as torchvision does`, () => {
    for (const [width, height] of [[500, 375], [400, 90]]) {
      const crops = plansOf({ width, height }).map(({ crop }) => crop), picture = `${width}x${height}`;
      compare(name, `area ${picture}`, crops.map((crop) => crop.width * crop.height / width / height));
      compare(name, `ratio ${picture}`, crops.map((crop) => crop.width / crop.height));
      compare(name, `left ${picture}`, crops.map(({ left }) => left));
      compare(name, `top ${picture}`, crops.map(({ top }) => top));
    }
  });

  Deno.test(`${name} draws factors, shifts and deviations as torchvision does`, () => {
    const operations = plansOf({ width: 500, height: 375 }).flatMap((plan) => plan.operations);
    for (const kind of ["brightness", "contrast", "saturation"] as const) {
      compare(name, kind, operations.flatMap((one) => one.kind === kind ? [one.factor] : []));
    }
    compare(name, "hue", operations.flatMap((one) => one.kind === "hue" ? [one.shift] : []));
    if (shares.blur) {
      compare(name, "sigma", operations.flatMap((one) => one.kind === "blur" ? [one.sigma] : []));
    }
  });

  Deno.test(`${name} does with its views what its recipe says, in orders as frequent as torchvision's`, () => {
    const plans = plansOf({ width: 500, height: 375 });
    const share = (holds: (plan: ViewPlan) => boolean) => plans.filter(holds).length / DRAWS;
    const has = (kind: Kind) => (plan: ViewPlan) => plan.operations.some((one) => one.kind === kind);
    near(share(({ flip }) => flip), 0.5, "flip");
    for (const kind of ["hue", "grayscale", "blur"] as const) near(share(has(kind)), shares[kind], kind);

    const jittered = plans.filter(has("hue"));
    for (const [order, expected] of Object.entries(golden[name].orders)) {
      const found = jittered.filter((plan) => orderOf(plan) === order).length / jittered.length;
      near(found, expected, `order ${order}`);
    }
  });
}

/** torchvision's numbers of the jitter's operations, in their order. */
function orderOf({ operations }: ViewPlan): string {
  const numbers: Partial<Record<Kind, number>> = { brightness: 0, contrast: 1, saturation: 2, hue: 3 };
  return operations.map(({ kind }) => numbers[kind] ?? "").join("");
}

function near(found: number, expected: number, what: string): void {
  assert.ok(Math.abs(found - expected) <= tolerance(expected), `${what}: ${found}, expected ${expected}`);
}

/** That draws are of the distribution whose quantiles, at (i + 0.5) / n, are torchvision's. */
function compare(name: keyof typeof golden, what: string, draws: number[]): void {
  const quantiles = golden[name].quantiles[what as keyof typeof golden.moco_v1.quantiles];
  const sorted = Float64Array.from(draws).sort();
  const distances = quantiles.map((quantile, i) => {
    const expected = (i + 0.5) / quantiles.length;
    // Of equal draws, any place will do; quantiles have four digits.
    const below = countBelow(sorted, quantile * (1 - 5e-4)) / sorted.length;
    const upTo = countBelow(sorted, quantile * (1 + 5e-4) + 1e-9) / sorted.length;
    return Math.max(0, Math.min(below, upTo) - expected, expected - Math.max(below, upTo));
  });
  const distance = Math.max(...distances);
  assert.ok(distance < MAX_DISTANCE, `${name}, ${what}: ${distance} from torchvision's, of ${draws.length}`);
  assert.ok(draws.length > 4500, `${name}, ${what}: only ${draws.length} draws`);
}

function countBelow(sorted: Float64Array, value: number): number {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
