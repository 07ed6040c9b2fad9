/**
 * MobileNetV4 students.
 *
 * @module
 */
import { definePlugin, z } from "@seed/core";
import {
  dropRate,
  headMembers,
  headOptions,
  IMAGENET,
  knownStudent,
  mobilenetV4,
  networkNamed,
  StudentNetwork,
} from "@seed/nn";

export default definePlugin({
  kind: "student",
  name: "@seed/student-mobilenet-v4",
  apiVersion: 1,
  about: {
    summary: "MobileNetV4-Conv-Small or -Medium as timm's, with a projection head",
    source: "Qin et al., ECCV 2024",
  },
  options: z.strictObject({
    variant: z.enum(["small", "medium"]),
    head: headOptions,
    /** Share of the features that is dropped before the head in training. */
    dropout: dropRate,
    /** How often a block after the last would drop its own part, those before it less. */
    drop_path: dropRate,
  }),
  ...headMembers,
  ...knownStudent(({ variant }: { variant: string }) => networkNamed(`mobilenet_v4_conv_${variant}`)),
  create: ({ variant, head, dropout, drop_path: dropPath }, { seed, embeddingDim, isFrozen, teacherHead }) =>
    new StudentNetwork(
      `mobilenet_v4_conv_${variant}`,
      (source) => mobilenetV4(source, variant, IMAGENET, dropPath),
      { seed, head, dropout, teacherDim: embeddingDim, isFrozen, teacherHead },
    ),
});
