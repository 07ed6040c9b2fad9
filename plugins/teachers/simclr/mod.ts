/**
 * Teachers trained by SimCLR in PyTorch, in the names that SEED's code reads (`module.module.module.*`).
 *
 * @module
 */
import { definePlugin } from "@seed/core";
import { pretrainedTeacher, SIMCLR_LAYOUTS } from "@seed/nn";

export default definePlugin({
  kind: "teacher",
  name: "@seed/teacher-simclr",
  apiVersion: 1,
  about: {
    summary: "A ResNet with SimCLR weights, as SEED's code reads them",
    source: "https://github.com/jacobswan1/SEED",
  },
  ...pretrainedTeacher({
    networks: ["resnet50", "resnet18", "resnet34", "resnet101", "resnet152"],
    layouts: SIMCLR_LAYOUTS,
    layers: ["head", "features"],
  }),
});
