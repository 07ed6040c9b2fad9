/**
 * ConvNeXt students.
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
  networkNamed,
  studentConvNeXt,
  StudentNetwork,
} from "@seed/nn";

export default definePlugin({
  kind: "student",
  name: "@seed/student-convnext",
  apiVersion: 1,
  about: {
    summary: "ConvNeXt-Atto, -Femto, -Pico, -Nano or -Tiny as timm's, with a projection head",
    source: "Liu et al., CVPR 2022; the sizes below Tiny are timm's",
  },
  options: z.strictObject({
    variant: z.enum(["atto", "femto", "pico", "nano", "tiny"]),
    head: headOptions,
    /** Share of the features that is dropped before the head in training. */
    dropout: dropRate,
    /** How often the last block's own part is dropped in training, blocks before it less. */
    drop_path: dropRate,
  }),
  ...headMembers,
  ...knownStudent(({ variant }: { variant: string }) => networkNamed(`convnext_${variant}`)),
  create: ({ variant, head, dropout, drop_path: dropPath }, { seed, embeddingDim, isFrozen, teacherHead }) =>
    new StudentNetwork(
      `convnext_${variant}`,
      (source) => studentConvNeXt(variant, dropPath)(source, IMAGENET),
      { seed, head, dropout, teacherDim: embeddingDim, isFrozen, teacherHead },
    ),
});
