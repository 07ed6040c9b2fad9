import type { Padding } from "./conv.ts";

/** In what publishers of the same network differ; a layout of weights says which it is. */
export interface Conventions {
  /**
   * Of convolutions with a stride. `symmetric`: PyTorch's. `same`: TensorFlow's, for whatever size comes. A number:
   * TensorFlow's for pictures of that side, whatever size comes.
   */
  readonly padding: "symmetric" | "same" | number;
  /** Of batch norm, as PyTorch means them. */
  readonly epsilon: number;
  readonly momentum: number;
  /** Whether a block that expands scales its channels before the activation of its depthwise convolution. */
  readonly excitesFirst: boolean;
}

/** timm's, for networks that were made in PyTorch. */
export const TIMM: Conventions = { padding: "symmetric", epsilon: 1e-5, momentum: 0.1, excitesFirst: false };

/** Those of TensorFlow's networks, and timm's for weights that come from there. */
export const TENSORFLOW: Conventions = { ...TIMM, padding: "same", epsilon: 1e-3, momentum: 0.01 };

/** Gives the padding of each convolution of a network in turn, from the first on. */
export function paddings(padding: Conventions["padding"]): (kernel: number, stride: number) => Padding {
  if (typeof padding === "string") return () => padding;
  let side = padding;
  return (kernel, stride) => {
    const outputs = Math.ceil(side / stride);
    const total = Math.max(0, (outputs - 1) * stride + kernel - side);
    side = outputs;
    return [total >> 1, total - (total >> 1)];
  };
}
