/**
 * All kernels that can be part of a program, by tfjs's name, a file each family.
 *
 * @module
 */
import { CONVOLUTIONS } from "./convolutions.ts";
import { ELEMENTWISE } from "./elementwise.ts";
import type { Lowerings } from "./lowering.ts";
import { NORMALIZATION } from "./normalization.ts";
import { POOLING } from "./pooling.ts";
import { PRODUCTS } from "./products.ts";
import { REDUCTIONS } from "./reductions.ts";
import { SCATTER } from "./scatter.ts";
import { SHAPES } from "./shapes.ts";

export const LOWERINGS: Lowerings = {
  ...ELEMENTWISE,
  ...REDUCTIONS,
  ...SHAPES,
  ...SCATTER,
  ...PRODUCTS,
  ...CONVOLUTIONS,
  ...POOLING,
  ...NORMALIZATION,
};
