/**
 * Networks and their parts, for plugins that bring a student or a teacher: layers, backbones, projection heads, and
 * where their values come from.
 *
 * @example A student with a network of its own; a plugin's `create` returns it
 * ```ts
 * import { tf } from "@seed/core";
 * import { type Backbone, convNorm, IMAGENET, normalize, type ParameterSource, relu, StudentNetwork } from "@seed/nn";
 * import assert from "node:assert/strict";
 *
 * function twoLayers(source: ParameterSource): Backbone {
 *   const layers = [
 *     convNorm(source, { names: ["conv1", "bn1"], inputs: 3, outputs: 16, kernel: 3, stride: 2, activation: relu }),
 *     convNorm(source, { names: ["conv2", "bn2"], inputs: 16, outputs: 32, kernel: 3, stride: 2, activation: relu }),
 *   ];
 *   return {
 *     featureDim: 32,
 *     normalization: IMAGENET,
 *     features(images, mode) {
 *       const maps = layers.reduce((x, layer) => layer(x, mode), normalize(images, IMAGENET));
 *       return tf.mean(maps, [1, 2]);
 *     },
 *   };
 * }
 *
 * await tf.setBackend("cpu");
 * using student = new StudentNetwork("two_layers", twoLayers, { seed: 0, head: { hidden: 64 }, teacherDim: 128 });
 * const { features, embedding } = student.forward(tf.zeros([2, 32, 32, 3]), { training: false });
 * assert.deepEqual([features.shape, embedding.shape], [[2, 32], [2, 128]]);
 * assert.equal(student.parameters[0].name, "conv1.weight"); // the state dict's names
 * ```
 *
 * @module
 */
export type { Backbone, FeatureMaps, Pool } from "./backbones/backbone.ts";
export { convnext, type ConvNeXtOptions } from "./backbones/convnext.ts";
export { efficientnet, type EfficientNetVariant } from "./backbones/efficientnet.ts";
export { mobilenetV3, type MobileNetV3Variant } from "./backbones/mobilenet_v3.ts";
export { mobilenetV4, type MobileNetV4Variant } from "./backbones/mobilenet_v4.ts";
export { IMAGENET, type Normalization, normalize } from "./backbones/normalize.ts";
export { pooledBackbone, type PooledNetwork } from "./backbones/pooled_backbone.ts";
export { regnet, type RegNetOptions, REGNETS, type RegNetVariant } from "./backbones/regnet.ts";
export { resnet, type ResNetDepth, type ResNetOptions } from "./backbones/resnet.ts";
export {
  visionTransformer,
  type VisionTransformerOptions,
  type VisionTransformerSize,
} from "./backbones/vision_transformer.ts";
export { type FrozenOptions, FrozenParameters, type FrozenValue } from "./frozen/frozen_parameters.ts";
export {
  type Activation,
  gelu,
  hardSigmoid,
  hardSwish,
  identity,
  relu,
  relu6,
  sigmoid,
  silu,
} from "./layers/activation.ts";
export { selfAttention } from "./layers/attention.ts";
export {
  batchNormInference,
  type BatchNormOptions,
  type BatchNormParameters,
  batchNormParameters,
  batchNormTraining,
} from "./layers/batch_norm.ts";
export {
  convolve,
  type ConvOptions,
  convWeight,
  convWithBias,
  type Layer,
  type Padding,
} from "./layers/conv.ts";
export {
  convNorm,
  type ConvNormOptions,
  type Excited,
  type ModalLayer,
  type Mode,
} from "./layers/conv_norm.ts";
export { type Conventions, TENSORFLOW, TIMM } from "./layers/conventions.ts";
export { drop, dropPath } from "./layers/dropout.ts";
export {
  type BlockParts,
  type BlockShape,
  invertedResiduals,
  timmParts,
  type Trunk,
} from "./layers/inverted_residual.ts";
export { layerNorm } from "./layers/layer_norm.ts";
export { type HeadOptions, linear, projectionHead } from "./layers/linear.ts";
export {
  ANTIALIASED_INTERPOLATION,
  interpolatePositions,
  OFFSET_INTERPOLATION,
  PLAIN_INTERPOLATION,
  type PositionInterpolation,
} from "./layers/position_embedding.ts";
export { type Excitation, type ExciteOptions, squeezeExcite } from "./layers/squeeze_excite.ts";
export { type Build, type Layout, plainLayout } from "./layouts/layout.ts";
export { runLayouts } from "./layouts/run.ts";
export { MOCO_LAYOUTS, MOCO_V3_RESNET_LAYOUTS } from "./layouts/moco.ts";
export { SIMCLR_LAYOUTS } from "./layouts/simclr.ts";
export { SWAV_HEADLESS_LAYOUTS, SWAV_LAYOUTS } from "./layouts/swav.ts";
export { studentConvNeXt } from "./networks/convnexts.ts";
export { studentVisionTransformer } from "./networks/vision_transformers.ts";
export { type Network, networkNamed, NETWORKS } from "./networks/networks.ts";
export { constant, type Initializer, kaimingFanOut, normal, uniformFanIn } from "./parameters/initializer.ts";
export type { ParameterSource } from "./parameters/parameters.ts";
export { TrainableParameters } from "./parameters/trainable_parameters.ts";
export { knownStudent } from "./students/known_student.ts";
export {
  checkHead,
  dropRate,
  headArrays,
  headFacts,
  headMembers,
  headOptions,
  headUnread,
  StudentNetwork,
} from "./students/student_network.ts";
export { FrozenTeacher } from "./teachers/frozen_teacher.ts";
export {
  loadTeacher,
  type PretrainedOptions,
  pretrainedTeacher,
  teacherFacts,
  type TeacherLayer,
  teacherOptions,
} from "./teachers/pretrained_teacher.ts";
export { openWeights } from "./weights/open_weights.ts";
export { checkWeightsHash } from "@seed/core";
