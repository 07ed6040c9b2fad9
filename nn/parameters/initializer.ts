import type { Random } from "@seed/core";

/** How a value starts if it is made new: called for each element in turn. */
export type Initializer = (random: Random, index: number) => number;

/** Normal with variance `2 / fanOut` (He et al., 2015), as torchvision and timm start convolutions. */
export function kaimingFanOut(fanOut: number): Initializer {
  return normal(Math.sqrt(2 / fanOut));
}

/** Uniform in `+-1 / sqrt(fanIn)`: PyTorch's default for linear layers, weights and biases alike. */
export function uniformFanIn(fanIn: number): Initializer {
  const bound = 1 / Math.sqrt(fanIn);
  return (random) => random.uniform(-bound, bound);
}

/** Normal around 0. */
export function normal(deviation: number): Initializer {
  return (random) => random.normal(0, deviation);
}

/** How transformers' linear layers, tokens and positions start, and ConvNeXts' convolutions: theirs is cut at 2. */
export const TRANSFORMER: Initializer = normal(0.02);

/** The same number everywhere. */
export function constant(value: number): Initializer {
  return () => value;
}
