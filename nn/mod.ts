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
export * from "./layers/activation.ts";
export * from "./layers/attention.ts";
export * from "./backbones/backbone.ts";
export * from "./layers/batch_parts.ts";
export * from "./layers/batch_norm.ts";
export * from "./layers/conv.ts";
export * from "./layers/conv_norm.ts";
export * from "./layers/conventions.ts";
export * from "./layers/dropout.ts";
export * from "./backbones/efficientnet.ts";
export * from "./frozen/frozen_network.ts";
export * from "./frozen/frozen_parameters.ts";
export * from "./teachers/frozen_teacher.ts";
export * from "./parameters/initializer.ts";
export * from "./layers/inverted_residual.ts";
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
export * from "./layers/layer_norm.ts";
export * from "./layers/linear.ts";
export * from "./backbones/mobilenet_v3.ts";
export * from "./networks/network_size.ts";
export * from "./networks/networks.ts";
export * from "./backbones/normalize.ts";
export * from "./networks/paper_figures.ts";
export * from "./parameters/parameters.ts";
export * from "./layers/position_embedding.ts";
export * from "./teachers/pretrained_teacher.ts";
export * from "./backbones/resnet.ts";
export * from "./layers/squeeze_excite.ts";
export * from "./students/student_network.ts";
export * from "./parameters/trainable_parameters.ts";
export * from "./layers/unit_rows.ts";
export * from "./backbones/vision_transformer.ts";
export * from "./weights/open_weights.ts";
