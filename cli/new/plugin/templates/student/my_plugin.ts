/**
 * A student of a few convolutions.
 *
 * ```yaml
 * student: { plugin: "./my_plugin.ts", width: 32 }
 * ```
 *
 * @module
 */
import { definePlugin, tf, z } from "@seed/core";
import {
  type Backbone,
  convNorm,
  headMembers,
  headOptions,
  IMAGENET,
  normalize,
  type ParameterSource,
  relu,
  StudentNetwork,
} from "@seed/nn";

/** Names are a state dict's: weights are written by them. */
function backbone(source: ParameterSource, width: number): Backbone {
  const widths = [3, width, 2 * width, 4 * width];
  const layers = widths.slice(1).map((outputs, i) =>
    convNorm(source, {
      names: [`conv${i + 1}`, `bn${i + 1}`],
      ...{ inputs: widths[i], outputs, kernel: 3, stride: 2, activation: relu },
    })
  );
  return {
    featureDim: 4 * width,
    normalization: IMAGENET,
    features(images, mode) {
      const maps = layers.reduce((x, layer) => layer(x, mode), normalize(images, IMAGENET));
      return tf.mean(maps, [1, 2]);
    },
  };
}

export default definePlugin({
  kind: "student",
  name: "my-plugin", // in messages
  apiVersion: 1,
  about: { summary: "Three convolutions and a projection head" },
  // Every key that a recipe may write beside `plugin`: checked before anything heavy loads.
  options: z.strictObject({ width: z.int().min(1).max(1024).default(16), head: headOptions }),
  ...headMembers,
  create: ({ width, head }, { seed, embeddingDim, isFrozen, teacherHead }) =>
    new StudentNetwork("my_plugin", (source) => backbone(source, width), {
      ...{ seed, head, teacherDim: embeddingDim, isFrozen, teacherHead },
    }),
});
