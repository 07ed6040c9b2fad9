/**
 * Vision transformers as students.
 *
 * @module
 */
import { definePlugin, type OptionProblem, type RecipeFacts, z } from "@seed/core";
import {
  checkHead,
  dropRate,
  headMembers,
  headOptions,
  IMAGENET,
  knownStudent,
  networkNamed,
  StudentNetwork,
  studentVisionTransformer,
} from "@seed/nn";
import { patchProblem } from "@seed/nn/host";

const options = z.strictObject({
  /** Size, and side of a patch in pixels: those of views are multiples of it. */
  variant: z.enum(["tiny_16", "small_16"]),
  head: headOptions,
  /** Share of the features that is dropped before the head in training. */
  dropout: dropRate,
  /** How often what the last block adds is dropped in training, blocks before it less; timm's recipes have 0.1. */
  drop_path: dropRate,
});
type Options = z.output<typeof options>;

export default definePlugin({
  kind: "student",
  name: "@seed/student-vision-transformer",
  apiVersion: 1,
  about: {
    summary: "ViT-Ti/16 or ViT-S/16 as timm's, with a projection head on the class token",
    source: "Dosovitskiy et al., ICLR 2021; Touvron et al., ICML 2021",
  },
  options,
  ...headMembers,
  check: (options, facts) => [...checkHead(options, facts), ...sideProblems(options, facts)],
  ...knownStudent(({ variant }: Options) => networkNamed(`vit_${variant}`)),
  create: ({ variant, head, dropout, drop_path: dropPath }, { seed, embeddingDim, isFrozen, teacherHead }) =>
    new StudentNetwork(
      `vit_${variant}`,
      (source) => studentVisionTransformer(variant, dropPath)(source, IMAGENET),
      { seed, head, dropout, teacherDim: embeddingDim, isFrozen, teacherHead },
    ),
});

function sideProblems({ variant }: Options, { studentSides }: RecipeFacts): OptionProblem[] {
  const patch = networkNamed(`vit_${variant}`).patch!;
  return [...new Set(studentSides)].flatMap((side) => {
    const problem = patchProblem(side, patch);
    return problem ? [{ key: "variant", message: `${problem}; set the size of the augmenter's views` }] : [];
  });
}
