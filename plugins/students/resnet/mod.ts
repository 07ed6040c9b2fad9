/**
 * ResNet students.
 *
 * @module
 */
import { definePlugin, z } from "@seed/core";
import {
  headMembers,
  headOptions,
  knownStudent,
  networkNamed,
  resnet,
  type ResNetOptions,
  StudentNetwork,
} from "@seed/nn";

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
    /** `small`, for small images: a 3 x 3 convolution without a stride, and no pooling after it. */
    stem: z.enum(["imagenet", "small"]).default("imagenet"),
    head: headOptions,
  }),
  ...headMembers,
  ...knownStudent(({ depth, stem }: Pick<ResNetOptions, "depth" | "stem">) => ({
    ...networkNamed(`resnet${depth}`),
    build: (source, normalization) => resnet(source, { depth, stem, normalization }),
  })),
  create: ({ depth, stem, head }, { seed, embeddingDim, isFrozen, teacherHead }) =>
    new StudentNetwork(`resnet${depth}`, (source) => resnet(source, { depth, stem }), {
      seed,
      head,
      teacherDim: embeddingDim,
      isFrozen,
      teacherHead,
    }),
});
