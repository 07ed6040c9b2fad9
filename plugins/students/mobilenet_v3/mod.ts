/**
 * MobileNetV3 students.
 *
 * @module
 */
import { definePlugin, z } from "@seed/core";
import {
  dropRate,
  headMembers,
  headOptions,
  knownStudent,
  mobilenetV3,
  networkNamed,
  StudentNetwork,
} from "@seed/nn";

export default definePlugin({
  kind: "student",
  name: "@seed/student-mobilenet-v3",
  apiVersion: 1,
  about: {
    summary: "MobileNetV3-Large or -Small as timm's, with a projection head",
    source: "Howard et al., ICCV 2019",
  },
  options: z.strictObject({
    variant: z.enum(["large", "small"]),
    head: headOptions,
    /** Share of the features that is dropped before the head in training; SEED's authors had 0.2. */
    dropout: dropRate,
  }),
  ...headMembers,
  ...knownStudent(({ variant }: { variant: string }) => networkNamed(`mobilenet_v3_${variant}`)),
  create: ({ variant, head, dropout }, { seed, embeddingDim, isFrozen, teacherHead }) =>
    new StudentNetwork(`mobilenet_v3_${variant}`, (source) => mobilenetV3(source, variant), {
      seed,
      head,
      dropout,
      teacherDim: embeddingDim,
      isFrozen,
      teacherHead,
    }),
});
