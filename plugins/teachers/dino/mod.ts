/**
 * Teachers trained by DINO, DINOv2 or DINOv3: a vision transformer, or one of DINOv3's ConvNeXts. The embedding is the
 * class token after the last norm (of a ConvNeXt: the mean of the last map), which is what all three are evaluated by, or
 * with `pool: mean` the mean of the patches. It is not the output of DINO's head: that is the logits of 65,536
 * prototypes, and only a full checkpoint has it. Views of 224 pixels suit every network of theirs.
 *
 * @module
 */
import { definePlugin } from "@seed/core";
import { pretrainedTeacher } from "@seed/nn";

export default definePlugin({
  kind: "teacher",
  name: "@seed/teacher-dino",
  apiVersion: 1,
  about: {
    summary: "A network with DINO, DINOv2 or DINOv3 weights",
    source: "https://github.com/facebookresearch/dino, /dinov2 and /dinov3",
  },
  ...pretrainedTeacher({
    networks: [
      "vit_small_16",
      "vit_base_16",
      "vit_small_14",
      "vit_base_14",
      "vit_large_14",
      "vit_giant_14",
      "vit_small_16_dinov3",
      "vit_small_plus_16_dinov3",
      "vit_base_16_dinov3",
      "vit_large_16_dinov3",
      "convnext_tiny",
      "convnext_small",
      "convnext_base",
      "convnext_large",
    ],
    layers: ["features"],
  }),
});
