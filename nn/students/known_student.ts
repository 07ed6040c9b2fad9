import {
  assignValues,
  brokenWeights,
  type InitialWeights,
  isHeadName,
  type Student,
  type StudentFacts,
  type TakenWeights,
  torchShape,
  valueProblem,
  type WeightsPlace,
  type z,
} from "@seed/core";
import { projectionHead } from "../layers/linear.ts";
import type { Network } from "../networks/networks.ts";
import { mapDimOf } from "../networks/network_size.ts";
import { wantedValues } from "../networks/wanted_values.ts";
import { openWeights } from "../weights/open_weights.ts";
import { matchWeights } from "./matched_weights.ts";
import { isReused } from "./reused_head.ts";
import { headFacts, headLayers, type headOptions } from "./student_network.ts";

/** Options with those of a head. */
interface HeadUse {
  head: z.output<typeof headOptions>;
}

/** timm's, which students have. */
const EPSILON = 1e-5;

/**
 * What a student's plugin can do whose options say which network it is, to be spread into `definePlugin`: it begins from
 * files in the network's layouts (`student.weights`), knows the names of its parameters (`train.freeze`), and tells
 * whether it has maps.
 *
 * @param networkOf The network of options; in its layouts files are read.
 *
 * @example
 * ```ts
 * import { definePlugin, z } from "@seed/core";
 * import { headOptions, knownStudent, networkNamed, resnet, StudentNetwork } from "@seed/nn";
 * import assert from "node:assert/strict";
 *
 * const plugin = definePlugin({
 *   kind: "student",
 *   name: "my-resnet",
 *   apiVersion: 1,
 *   about: { summary: "A ResNet-34 that may begin from a file" },
 *   options: z.strictObject({ head: headOptions }),
 *   ...knownStudent(() => networkNamed("resnet34")),
 *   create: ({ head }, { seed, embeddingDim, isFrozen, teacherHead }) =>
 *     new StudentNetwork("resnet34", (source) => resnet(source, { depth: 34 }), {
 *       ...{ seed, head, teacherDim: embeddingDim, isFrozen, teacherHead },
 *     }),
 * });
 *
 * const names = plugin.parameterNames!(plugin.options.parse({ head: { hidden: null } }));
 * assert.deepEqual(names.slice(0, 2), ["conv1.weight", "bn1.weight"]);
 * assert.deepEqual(names.slice(-2), ["head.0.weight", "head.0.bias"]);
 * ```
 */
export function knownStudent<O>(networkOf: (options: O) => Network) {
  return {
    tells: (options: O & HeadUse): StudentFacts => ({
      ...headFacts(options),
      maps: mapDimOf(networkOf(options)) !== null,
    }),
    parameterNames(options: O & HeadUse): string[] {
      const { build, normalization } = networkOf(options);
      return wantedValues((source) => {
        const { featureDim } = build(source, normalization);
        // What it takes over is for the teacher's file to say, and frozen in any case.
        const layers = options.head.reuse_teacher
          ? { inputs: featureDim, hidden: [], dim: 1 }
          : headLayers(options.head, featureDim);
        projectionHead(source, "head", layers);
      }).map(({ name }) => name);
    },
    async checkWeights(options: O, weights: InitialWeights): Promise<WeightsPlace> {
      using file = await openWeights(weights.path);
      const network = networkOf(options);
      const values = wantedValues((source) => void network.build(source, network.normalization));
      matchWeights(file, network, values, weights);
      return { path: file.path, files: file.files };
    },
    async loadWeights(
      options: O & HeadUse,
      student: Student,
      weights: InitialWeights,
    ): Promise<TakenWeights> {
      using file = await openWeights(weights.path);
      // What was taken over is the teacher's, whatever the file has.
      const own = student.parameters.filter(({ name }) => !(options.head.reuse_teacher && isReused(name)));
      const values = own.map(({ name, kind, variable: { shape } }) => ({
        name,
        shape: torchShape(shape, kind),
      }));
      const matched = matchWeights(file, networkOf(options), values, weights);
      const { layout, tensors, taken, left, fresh, notes } = matched;
      const broken: string[] = [];
      for (const { name, kind, variable } of own) {
        const fileName = taken.get(name);
        if (fileName === undefined) continue;
        const values = tensors.read(fileName), problem = valueProblem(name, values);
        if (problem) broken.push(problem.replace(`"${name}"`, `"${fileName}"`));
        else assignValues({ kind, variable }, withEpsilonOf(layout.epsilon, name, values));
      }
      if (broken.length) throw brokenWeights(file.path, broken);
      return { layout: layout.name, tensors: taken.size, left, fresh, notes };
    },
  };
}

/**
 * Variances to which a batch norm adds timm's epsilon where the file's network adds another: the sum is the same, so
 * the features are.
 */
function withEpsilonOf(epsilon: number | undefined, name: string, values: Float32Array): Float32Array {
  if (epsilon === undefined || isHeadName(name) || !name.endsWith(".running_var")) return values;
  return values.map((variance) => variance + epsilon - EPSILON);
}
