/**
 * Teachers trained by DINO or DINOv2: a vision transformer. Its embedding is the class token after the last norm,
 * which is what both are evaluated by, not the output of DINO's head: that is the logits of 65,536 prototypes, and
 * only a full checkpoint has it. Views of 224 pixels suit every network of theirs.
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
    summary: "A vision transformer with DINO or DINOv2 weights",
    source: "https://github.com/facebookresearch/dino, https://github.com/facebookresearch/dinov2",
  },
  ...pretrainedTeacher({
    networks: [
      ...[
        "vit_small_16",
        "vit_base_16",
        "vit_small_14",
        "vit_base_14",
        "vit_large_14",
        "vit_giant_14",
      ] as const,
    ],
    layers: ["features"],
  }),
});
