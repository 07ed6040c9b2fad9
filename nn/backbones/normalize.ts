import { hasKernel, NORMALIZE_KERNEL, tf } from "@seed/core";

/** Mean and deviation of a network's input channels, of pixels in 0..1. */
export interface Normalization {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** What torchvision, MoCo and timm train with. */
export const IMAGENET: Normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** What SwAV trains with: 0.228, not 0.229 (its `src/multicropdataset.py` and `eval_linear.py`). */
export const SWAV: Normalization = { mean: IMAGENET.mean, std: [0.228, 0.224, 0.225] };

/** What DINOv3's networks for satellites' pictures train with (SAT-493M; its README). */
export const SATELLITE: Normalization = { mean: [0.430, 0.411, 0.296], std: [0.213, 0.156, 0.143] };

/** What CLIP trains with (openai/CLIP, `clip/clip.py`). */
export const CLIP: Normalization = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
};

/** What SigLIP trains with: pixels from -1 to 1. */
export const HALF: Normalization = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

/** What EfficientNet-Lite trains with: `(x - 127) / 128` of pixels in 0..255 (its `efficientnet_lite_builder.py`). */
export const EFFICIENTNET_LITE: Normalization = {
  mean: [127 / 255, 127 / 255, 127 / 255],
  std: [128 / 255, 128 / 255, 128 / 255],
};

/**
 * Pixels as a network wants them.
 *
 * @param images `[batch, height, width, 3]` float32 in 0..255.
 * @returns `(images / 255 - mean) / std`, the same shape.
 *
 * @example
 * ```ts
 * import { tf } from "@seed/core";
 * import { normalize } from "@seed/nn";
 * import assert from "node:assert/strict";
 *
 * await tf.setBackend("cpu");
 * const half = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as const;
 * const pixel = normalize(tf.tensor4d([[[[0, 127.5, 255]]]]), half); // to -1..1
 * pixel.dataSync().forEach((value, i) => assert.ok(Math.abs(value - [-1, 0, 1][i]) < 1e-6));
 * ```
 */
export function normalize(images: tf.Tensor4D, { mean, std }: Normalization): tf.Tensor4D {
  // One operation on the backend that records networks: what is exported begins after it.
  if (hasKernel(NORMALIZE_KERNEL)) {
    return tf.engine().runKernel(NORMALIZE_KERNEL, { x: images }) as tf.Tensor4D;
  }
  return tf.tidy(() => {
    const scale = std.map((s) => 1 / (255 * s)), shift = mean.map((m, i) => -m / std[i]);
    return tf.add(tf.mul(images, tf.tensor1d(scale)), tf.tensor1d(shift)) as tf.Tensor4D;
  });
}
