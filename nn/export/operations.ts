import { BATCH_NORM_INFERENCE_KERNEL, type tf } from "@seed/core";
import type { Build } from "../layouts/layout.ts";
import { CountingParameters } from "../networks/network_size.ts";
import type { Normalization } from "../backbones/normalize.ts";
import { observeOperations, shapeOnly } from "../networks/shape_backend.ts";

/** What a network does, apart from its values. */
export interface Operations {
  /** Each operation with its attributes and its output's shape, batch norms' epsilons left out. */
  readonly steps: readonly string[];
  /** Batch norms in turn: their epsilon and the tensor that scales. */
  readonly norms: readonly { epsilon: number; scale: tf.Tensor }[];
}

/** The operations of a network with values, on a picture of a side. */
export function operationsOf(forward: (images: tf.Tensor4D) => void, side: number): Operations {
  const steps: string[] = [], norms: { epsilon: number; scale: tf.Tensor }[] = [];
  observeOperations(() => forward(shapeOnly([1, side, side, 3]) as tf.Tensor4D), (operation) => {
    const { kernel, inputs, attributes, output } = operation, { epsilon, ...others } = attributes;
    if (kernel === BATCH_NORM_INFERENCE_KERNEL) {
      norms.push({ epsilon: epsilon as number, scale: inputs.scale });
    }
    const told = kernel === BATCH_NORM_INFERENCE_KERNEL ? others : attributes;
    steps.push(`${kernel} ${JSON.stringify(told)} to [${output.shape}]`);
  });
  return { steps, norms };
}

/** The operations of a network in some conventions. */
export function operationsOfBuild(build: Build, normalization: Normalization, side: number): Operations {
  return operationsOf((images) => {
    build(new CountingParameters(), normalization).features(images, { training: false });
  }, side);
}
