/**
 * EfficientNet students.
 *
 * @module
 */
import { definePlugin, z } from "@seed/core";
import {
  dropRate,
  efficientnet,
  headMembers,
  headOptions,
  IMAGENET,
  knownStudent,
  networkNamed,
  StudentNetwork,
  TIMM,
} from "@seed/nn";

export default definePlugin({
  kind: "student",
  name: "@seed/student-efficientnet",
  apiVersion: 1,
  about: {
    summary: "EfficientNet-B0 to B4 as timm's, with a projection head",
    source: "Tan and Le, ICML 2019",
  },
  options: z.strictObject({
    variant: z.enum(["b0", "b1", "b2", "b3", "b4"]),
    head: headOptions,
    /** Share of the features that is dropped before the head in training; SEED's authors had 0.2. */
    dropout: dropRate,
    /** How often a block after the last would drop its own part, those before it less; SEED's authors had 0.2. */
    drop_path: dropRate,
  }),
  ...headMembers,
  ...knownStudent(({ variant }: { variant: string }) => networkNamed(`efficientnet_${variant}`)),
  create: ({ variant, head, dropout, drop_path: dropPath }, { seed, embeddingDim, isFrozen, teacherHead }) =>
    new StudentNetwork(
      `efficientnet_${variant}`,
      (source) => efficientnet(source, variant, IMAGENET, TIMM, dropPath),
      { seed, head, dropout, teacherDim: embeddingDim, isFrozen, teacherHead },
    ),
});
