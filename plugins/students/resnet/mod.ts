/**
 * ResNet students.
 *
 * @module
 */
import { definePlugin, z } from "@seed/core";
import { headOptions, resnet, StudentNetwork } from "@seed/nn";

export default definePlugin({
  kind: "student",
  name: "@seed/student-resnet",
  apiVersion: 1,
  about: {
    summary: "ResNet-18, 34 or 50 as torchvision's, with a projection head",
    source: "He et al., CVPR 2016",
  },
  options: z.strictObject({
    depth: z.union([z.literal(18), z.literal(34), z.literal(50)]).default(18),
    head: headOptions,
  }),
  create: ({ depth, head }, { seed, embeddingDim }) =>
    new StudentNetwork(`resnet${depth}`, (source) => resnet(source, { depth }), {
      seed,
      head,
      teacherDim: embeddingDim,
    }),
});
