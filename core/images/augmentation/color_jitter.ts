import type { Random } from "../../random.ts";
import type { Operation } from "./operations.ts";

/** How far each factor may be from 1, and the hue's shift from 0; with 0 there is no such operation. */
export interface ColorJitter {
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  readonly hue: number;
}

/**
 * torchvision's `ColorJitter`: the four operations, each of a factor of its own, in random order. All are drawn, so
 * that the number of draws is the same whatever the ranges.
 */
export function colorJitter(random: Random, ranges: ColorJitter): Operation[] {
  const order = random.permutation(4);
  const around = (range: number) => random.uniform(Math.max(0, 1 - range), 1 + range);
  const steps: (Operation & { kind: keyof ColorJitter })[] = [
    { kind: "brightness", factor: around(ranges.brightness) },
    { kind: "contrast", factor: around(ranges.contrast) },
    { kind: "saturation", factor: around(ranges.saturation) },
    { kind: "hue", shift: random.uniform(-ranges.hue, ranges.hue) },
  ];
  return Array.from(order, (i) => steps[i]).filter(({ kind }) => ranges[kind] > 0);
}
