/**
 * EfficientNet students.
 *
 * @module
 */
import { definePlugin, z } from "@seed/core";
import { efficientnet, headOptions, StudentNetwork } from "@seed/nn";

export default definePlugin({
  kind: "student",
  name: "@seed/student-efficientnet",
  apiVersion: 1,
  about: {
    summary: "EfficientNet-B0 or B1 as timm's, with a projection head",
    source: "Tan and Le, ICML 2019",
  },
  options: z.strictObject({ variant: z.enum(["b0", "b1"]), head: headOptions }),
  create: ({ variant, head }, { seed, embeddingDim }) =>
    new StudentNetwork(`efficientnet_${variant}`, (source) => efficientnet(source, variant), {
      seed,
      head,
      teacherDim: embeddingDim,
    }),
});
