import { Random, tf } from "@seed/core";
import { IMAGENET, TrainableParameters } from "@seed/nn";
import type { LoadedNetwork } from "@seed/nn/host";

/** What a network does. */
export type Forward = (images: tf.Tensor4D) => tf.Tensor;

/** A network of new values, each moved a little: no factor is 1, no shift 0. */
export function networkOf(make: (source: TrainableParameters) => Forward): LoadedNetwork {
  const source = new TrainableParameters(1), forward = make(source);
  for (const { name, variable } of source.parameters) {
    const random = new Random(2, name);
    tf.tidy(() => {
      const moved = variable.dataSync().map((value) => value + random.uniform(0, 0.3));
      variable.assign(tf.tensor(moved, variable.shape));
    });
  }
  return {
    name: "small",
    values: source.parameters.map(({ name, kind, variable }) => ({ name, kind, tensor: variable })),
    ...{ batches: null, hasHead: false, inputSize: 32, normalization: IMAGENET },
    forward: (images) => ({ features: forward(images) as tf.Tensor2D, embedding: null }),
    [Symbol.dispose]: () => source[Symbol.dispose](),
  };
}
