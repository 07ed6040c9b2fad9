/**
 * EfficientNet students.
 *
 * @module
 */
import { definePlugin, z } from "@seed/core";
import { efficientnetB0, headOptions, StudentNetwork } from "@seed/nn";

export default definePlugin({
  kind: "student",
  name: "@seed/student-efficientnet",
  apiVersion: 1,
  about: { summary: "EfficientNet-B0 as timm's, with a projection head", source: "Tan and Le, ICML 2019" },
  options: z.strictObject({ variant: z.enum(["b0"]), head: headOptions }),
  create: ({ variant, head }, { seed, embeddingDim }) =>
    new StudentNetwork(`efficientnet_${variant}`, efficientnetB0, { seed, head, teacherDim: embeddingDim }),
});
