/**
 * RegNet students.
 *
 * @module
 */
import { definePlugin, z } from "@seed/core";
import {
  dropRate,
  headMembers,
  headOptions,
  knownStudent,
  networkNamed,
  regnet,
  REGNETS,
  StudentNetwork,
} from "@seed/nn";

export default definePlugin({
  kind: "student",
  name: "@seed/student-regnet",
  apiVersion: 1,
  about: {
    summary: "RegNetY-400MF or -800MF as timm's, with a projection head",
    source: "Radosavovic et al., CVPR 2020",
  },
  options: z.strictObject({
    variant: z.enum(["y_400mf", "y_800mf"]),
    head: headOptions,
    /** Share of the features that is dropped before the head in training. */
    dropout: dropRate,
    /** How often the last block's own part is dropped in training, blocks before it less. */
    drop_path: dropRate,
  }),
  ...headMembers,
  ...knownStudent(({ variant }: { variant: string }) => networkNamed(`regnet_${variant}`)),
  create: ({ variant, head, dropout, drop_path: dropPath }, { seed, embeddingDim, isFrozen, teacherHead }) =>
    new StudentNetwork(`regnet_${variant}`, (source) => regnet(source, { ...REGNETS[variant], dropPath }), {
      ...{ seed, head, dropout, teacherDim: embeddingDim, isFrozen, teacherHead },
    }),
});
