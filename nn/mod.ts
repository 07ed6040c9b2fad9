/**
 * Networks and their parts: layers, backbones, projection heads, and where their values come from.
 *
 * @example How large a network is, without an engine
 * ```ts
 * import { networkNamed, networkSize } from "@seed/nn";
 * import assert from "node:assert/strict";
 *
 * const { parameters, featureDim } = networkSize(networkNamed("efficientnet_b0"), 224);
 * assert.equal(parameters, 4_007_548); // timm's, without the classifier
 * assert.equal(featureDim, 1280);
 * ```
 *
 * @module
 */
export * from "./activation.ts";
export * from "./attention.ts";
export * from "./backbone.ts";
export * from "./batch_norm.ts";
export * from "./conv.ts";
export * from "./conv_norm.ts";
export * from "./conventions.ts";
export * from "./dropout.ts";
export * from "./efficientnet.ts";
export * from "./frozen_network.ts";
export * from "./frozen_parameters.ts";
export * from "./frozen_teacher.ts";
export * from "./initializer.ts";
export * from "./inverted_residual.ts";
export * from "./layouts/dino.ts";
export * from "./layouts/efficientnet_pytorch.ts";
export * from "./layouts/layout.ts";
export * from "./layouts/mobilenetv3_pytorch.ts";
export * from "./layouts/moco.ts";
export * from "./layouts/run.ts";
export * from "./layouts/seed_paper.ts";
export * from "./layouts/simclr.ts";
export * from "./layouts/swav.ts";
export * from "./layouts/torchvision_mobile.ts";
export * from "./layer_norm.ts";
export * from "./linear.ts";
export * from "./mobilenet_v3.ts";
export * from "./network_size.ts";
export * from "./networks.ts";
export * from "./normalize.ts";
export * from "./paper_figures.ts";
export * from "./parameters.ts";
export * from "./position_embedding.ts";
export * from "./pretrained_teacher.ts";
export * from "./resnet.ts";
export * from "./squeeze_excite.ts";
export * from "./student_network.ts";
export * from "./trainable_parameters.ts";
export * from "./vision_transformer.ts";
export * from "./weights/open_weights.ts";
