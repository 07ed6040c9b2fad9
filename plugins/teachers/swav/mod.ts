/**
 * Teachers trained by SwAV: a ResNet-50, or one of two, four or five times its channels. Its embedding is what SwAV
 * compares with the prototypes. It normalises pixels as SwAV does (0.228 for red), which SEED's own code does not.
 *
 * @module
 */
import { definePlugin } from "@seed/core";
import { pretrainedTeacher, SWAV_HEADLESS_LAYOUTS, SWAV_LAYOUTS } from "@seed/nn";

export default definePlugin({
  kind: "teacher",
  name: "@seed/teacher-swav",
  apiVersion: 1,
  about: {
    summary: "A ResNet-50, of up to five times the channels, with SwAV weights",
    source: "https://github.com/facebookresearch/swav",
  },
  ...pretrainedTeacher({
    networks: ["resnet50", "resnet50_w2", "resnet50_w4", "resnet50_w5"],
    layouts: [...SWAV_LAYOUTS, ...SWAV_HEADLESS_LAYOUTS],
    layers: ["head", "features"],
  }),
});
