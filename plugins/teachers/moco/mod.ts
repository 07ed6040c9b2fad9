/**
 * Teachers trained by MoCo: a ResNet in the names of MoCo's released files (`module.encoder_q.*`, `module.base_encoder.*`).
 *
 * @module
 */
import { definePlugin } from "@seed/core";
import { MOCO_LAYOUTS, MOCO_V3_RESNET_LAYOUTS, pretrainedTeacher } from "@seed/nn";

export default definePlugin({
  kind: "teacher",
  name: "@seed/teacher-moco",
  apiVersion: 1,
  about: {
    summary: "A ResNet with MoCo v1, v2 or v3 weights",
    source: "https://github.com/facebookresearch/moco",
  },
  ...pretrainedTeacher({
    networks: ["resnet50", "resnet18", "resnet34", "resnet101", "resnet152"],
    layouts: [...MOCO_LAYOUTS, ...MOCO_V3_RESNET_LAYOUTS],
    layers: ["head", "features"],
  }),
});
