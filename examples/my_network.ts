/**
 * A network in one file, outside of SEED, and a student that has it: four convolutions, each with its norm. A recipe
 * trains it, and every command knows it by the file's path:
 *
 * ```yaml
 * student: { plugin: "./my_network.ts", width: 32 }
 * ```
 *
 * ```sh
 * npx -y deno task embed --network ./my_network.ts --weights student.safetensors --images photos --out photos.npy
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
  knownStudent,
  type Network,
  normalize,
  type ParameterSource,
  plainLayout,
  relu,
  runLayouts,
  StudentNetwork,
} from "@seed/nn";

/** Written once: the source hands it variables to train, or constants of a file. Names are those in the files. */
function fourLayers(source: ParameterSource, width: number): Backbone {
  const widths = [3, width, 2 * width, 4 * width, 8 * width];
  const layers = widths.slice(1).map((outputs, i) =>
    convNorm(source, {
      names: [`conv${i + 1}`, `bn${i + 1}`],
      ...{ inputs: widths[i], outputs, kernel: 3, stride: 2, activation: relu },
    })
  );
  return {
    featureDim: 8 * width,
    normalization: IMAGENET,
    features(images, mode) {
      const maps = layers.reduce((x, layer) => layer(x, mode), normalize(images, IMAGENET));
      return tf.mean<tf.Tensor2D>(maps, [1, 2]);
    },
  };
}

/** What `embed`, `eval`, `export` and `ls networks` ask of a network, and `student.weights`. */
function networkOf(width: number): Network {
  return {
    name: `four_layers_${width}`, // in files and messages; none of SEED's
    build: (source) => fourLayers(source, width),
    inputSize: 64,
    normalization: IMAGENET,
    // What runs write, by the name of a weight; and files that have the network's values alone.
    layouts: [...runLayouts("conv1.weight"), plainLayout("four layers", ["conv1.weight"], "fc.")],
  };
}

/** The one that `--network ./my_network.ts` means. */
export const network = networkOf(16);

export default definePlugin({
  kind: "student",
  name: "my-network",
  apiVersion: 1,
  about: { summary: "Four convolutions with a projection head" },
  options: z.strictObject({ width: z.int().min(4).max(256).default(16), head: headOptions }),
  ...headMembers,
  ...knownStudent(({ width }: { width: number }) => networkOf(width)),
  create: ({ width, head }, { seed, embeddingDim, isFrozen, teacherHead }) =>
    new StudentNetwork(`four_layers_${width}`, (source) => fourLayers(source, width), {
      ...{ seed, head, teacherDim: embeddingDim, isFrozen, teacherHead },
    }),
});
