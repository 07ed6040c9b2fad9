import {
  convNorm,
  IMAGENET,
  type Network,
  type ParameterSource,
  pooledBackbone,
  relu,
  runLayouts,
  StudentNetwork,
} from "@seed/nn";

/** A student with a layer of each kind that trains in a moment: two convolutions, one of them depthwise. */
export function tinyStudent(
  options: {
    seed: number;
    teacherDim: number | null;
    dropout?: number;
    isFrozen?: (name: string) => boolean;
  },
): StudentNetwork {
  return new StudentNetwork("tiny", tinyBackbone, {
    ...options,
    head: { hidden: 8, dim: options.teacherDim ?? 6 },
  });
}

/** Its backbone: eight features. */
export function tinyBackbone(source: ParameterSource) {
  const stem = convNorm(source, {
    names: ["conv1", "bn1"],
    inputs: 3,
    outputs: 8,
    kernel: 3,
    stride: 2,
    activation: relu,
  });
  const depthwise = convNorm(source, {
    names: ["conv2", "bn2"],
    inputs: 8,
    outputs: 8,
    kernel: 3,
    depthwise: true,
    activation: relu,
  });
  return pooledBackbone({ layers: [stem, depthwise], featureDim: 8, normalization: IMAGENET });
}

/** It, with the layouts that runs write it in. */
export const TINY_NETWORK: Network = {
  ...{ name: "tiny", build: tinyBackbone, inputSize: 32, normalization: IMAGENET },
  layouts: runLayouts("conv2.weight"),
};
