/**
 * Teachers that are a known network with the weights of a file: what their plugins have in common.
 *
 * @module
 */
import {
  checkWeightsHash,
  type NetworkContext,
  type OptionProblem,
  type PluginContext,
  type Precision,
  type RecipeFacts,
  RunError,
  type TeacherFacts,
  type tf,
  type WeightsFile,
  z,
} from "@seed/core";
import type { Pool } from "../backbones/backbone.ts";
import { FrozenNetwork, layoutOf } from "../frozen/frozen_network.ts";
import { FrozenTeacher } from "./frozen_teacher.ts";
import { type Network, networkNamed } from "../networks/networks.ts";
import type { Layout } from "../layouts/layout.ts";
import { featureDimOf, mapDimOf, poolsOf } from "../networks/network_size.ts";
import { writeStandInWeights } from "./stand_in_weights.ts";
import { patchProblem } from "../layers/token_embedding.ts";
import { openWeights } from "../weights/open_weights.ts";

/** An output of a network that can be a teacher's embedding: the projection head's, or the backbone's. */
export type TeacherLayer = "head" | "features";

/** Which files a teacher reads. */
export interface PretrainedOptions {
  /** Layouts that are accepted; default: all of the network's. */
  layouts?: readonly Layout[];
}

/** How an output of a network is found in a file. */
interface Wanted extends PretrainedOptions {
  below?: string | null;
  layer: TeacherLayer;
}

/** Options that recipes write for a teacher with a file of weights, beside those that say which. */
export const teacherOptions = {
  /** Of the weights file; null: unchecked. */
  sha256: z.string().regex(/^[0-9a-fA-F]{64}$/, "Expected 64 hexadecimal digits").nullable().default(null),
  /** Side of the views it sees, in pixels; null: the augmenter's size. */
  input_size: z.int().min(32).max(1024).nullable().default(null),
  precision: z.enum(["fp32", "bf16", "auto"]).default("auto"),
};

/** {@link teacherOptions}, read. */
interface TeacherOptions {
  sha256: string | null;
  input_size: number | null;
  precision: Precision;
  pool?: Pool;
  allow_unused?: boolean;
}

/**
 * The options and functions of a teacher plugin, to be spread into `definePlugin`.
 *
 * @param given.networks Names that a recipe may choose from; the first is the default.
 * @param given.layers What may be its embedding; the first is the default.
 *
 * @example A teacher of files whose names are torchvision's below `backbone.`
 * ```ts
 * import { definePlugin } from "@seed/core";
 * import { plainLayout, pretrainedTeacher } from "@seed/nn";
 * import assert from "node:assert/strict";
 *
 * const layout = { ...plainLayout("mine", ["backbone.conv1.weight"], "fc."), prefix: "backbone." };
 * const plugin = definePlugin({
 *   kind: "teacher",
 *   name: "my-teacher",
 *   apiVersion: 1,
 *   about: { summary: "A ResNet-50 of my own" },
 *   ...pretrainedTeacher({ networks: ["resnet50", "resnet18"], layouts: [layout], layers: ["features"] }),
 * });
 *
 * const { network, layer, precision } = plugin.options.parse({ weights: "mine.pth" });
 * assert.deepEqual([network, layer, precision], ["resnet50", "features", "auto"]);
 * ```
 */
export function pretrainedTeacher<N extends string, L extends TeacherLayer>(
  given: PretrainedOptions & { networks: readonly [N, ...N[]]; layers: readonly [L, ...L[]] },
) {
  const options = z.strictObject({
    network: z.enum(given.networks).default(given.networks[0]),
    weights: z.string(),
    /** What stands before the network's names in a file that holds it several times; null: it is found. */
    below: z.string().max(300).nullable().default(null),
    layer: z.enum(given.layers).default(given.layers[0] as never),
    /** What a transformer's features are; not given: as its publisher has them. */
    pool: z.enum(["token", "mean"]).optional(),
    ...teacherOptions,
    /** True: entries of the file that the network does not need are no error. */
    allow_unused: z.boolean().default(false),
  });
  type Options = z.output<typeof options>;
  const layoutsOf = (network: string) => given.layouts ?? networkNamed(network).layouts;
  return {
    options,
    tells: ({ network, layer, input_size }: Options) => teacherFacts(network, { layer, input_size }),
    check({ network, layer, pool, input_size }: Options, { teacherSides }: RecipeFacts): OptionProblem[] {
      const problems = [
        ...sideProblems(network, input_size, teacherSides),
        ...poolProblems(network, { layer, pool }),
      ];
      if (layer === "features" || layoutsOf(network).some(({ head }) => head !== null)) return problems;
      const message =
        `No file of ${network} that is read has a projection head, so the teacher's layer cannot be ` +
        '"head"; set it to "features"';
      return [...problems, { key: "layer", message }];
    },
    async checkFiles({ network, weights, below, layer, sha256 }: Options, { resolve }: PluginContext) {
      using file = await openWeights(resolve(weights));
      if (sha256 !== null) await checkWeightsHash(file, sha256);
      acceptedLayout(file, networkNamed(network), { ...given, below, layer });
    },
    async standIn(options: Options, { folder }: { folder: string }): Promise<Options> {
      const layouts = layoutsOf(options.network).filter(({ head }) =>
        options.layer !== "head" || head !== null
      );
      const weights = await writeStandInWeights(folder, networkNamed(options.network), layouts);
      return { ...options, weights, sha256: null };
    },
    create: (options: Options, context: NetworkContext) =>
      loadTeacher(context.resolve(options.weights), networkNamed(options.network), {
        ...{ layouts: given.layouts, below: options.below, layer: options.layer, options, context },
      }),
  };
}

/**
 * What a teacher's options alone say of it.
 *
 * @param network Its name.
 */
export function teacherFacts(
  network: string,
  { layer, input_size: inputSize }: { layer: TeacherLayer; input_size: number | null },
): TeacherFacts {
  const embeddingDim = layer === "features" ? featureDimOf(networkNamed(network)) : null;
  return { embeddingDim, inputSize, maps: mapDimOf(networkNamed(network)) !== null, head: layer === "head" };
}

/** A pooling that the teacher's network does not offer, or that its layer does not come from. */
function poolProblems(
  network: string,
  { layer, pool }: { layer: TeacherLayer; pool: Pool | undefined },
): OptionProblem[] {
  if (pool === undefined) return [];
  const pools = poolsOf(networkNamed(network)), offered = pools.map((one) => `"${one}"`).join(" or ");
  const problem = !pools.includes(pool)
    ? `The features of ${network} cannot be pooled by "${pool}"; ${
      offered ? `set pool to ${offered}, or` : "it pools in one way:"
    } leave the option out`
    : layer === "head"
    ? 'The option pool is for features, and the teacher\'s layer is "head"; leave one of the two out'
    : null;
  return problem === null ? [] : [{ key: "pool", message: problem }];
}

/** Sides of views that a vision transformer does not take. */
function sideProblems(network: string, inputSize: number | null, sides: readonly number[]): OptionProblem[] {
  const { patch = 1 } = networkNamed(network),
    all = new Set([...inputSize === null ? [] : [inputSize], ...sides]);
  const problems = [...all].map((side) => patchProblem(side, patch)).filter((problem) => problem !== null);
  const mend = inputSize === null
    ? "set the augmenter's size, or the teacher's input_size"
    : "set its input_size";
  return problems.map((problem) => ({
    key: "input_size",
    message: `The teacher ${network}: ${problem}; ${mend}`,
  }));
}

/**
 * Reads a teacher's weights.
 *
 * @throws {RunError} If the file has another checksum, is in none of the layouts, or does not fit the network.
 */
export async function loadTeacher(
  path: string,
  network: Network,
  given: Wanted & { options: TeacherOptions; context: NetworkContext },
): Promise<FrozenTeacher> {
  const { options, context, layer } = given;
  using file = await openWeights(path);
  const sha256 = await checkWeightsHash(file, options.sha256);
  const layouts = [acceptedLayout(file, network, given)];
  const frozen = FrozenNetwork.load(file, network, { layouts, allowUnused: options.allow_unused });
  return new FrozenTeacher({
    name: "teacher",
    engine: context.engine,
    parameters: frozen.parameters,
    forward: (images: tf.Tensor4D) =>
      layer === "head" ? frozen.embedding(images) : frozen.features(images, options.pool),
    ...frozen.mapDim !== null && {
      mapDim: frozen.mapDim,
      maps(images: tf.Tensor4D): [tf.Tensor2D, tf.Tensor4D] {
        const { features, patches } = frozen.maps(images, layer === "head" ? undefined : options.pool);
        return [layer === "head" ? frozen.embeddingOf(features) : features, patches];
      },
    },
    ...layer === "head" && { head: frozen.teacherHead! },
    embeddingDim: layer === "head" ? frozen.headDim! : frozen.featureDim,
    inputSize: options.input_size,
    precision: options.precision,
    weights: { file: file.path, sha256, layout: frozen.layout.name, tensors: frozen.parameters.count },
  });
}

function acceptedLayout(
  file: WeightsFile,
  network: Network,
  { layouts, below, layer }: Wanted,
): Layout {
  const layout = layoutOf(file, network, { layouts, below });
  if (layer === "head" && layout.head === null) {
    throw new RunError(
      `The weights in "${file.path}" are in the layout "${layout.name}", which has no projection head, and the ` +
        "teacher's embedding is the head's output; take a file with the head, or set the teacher's layer to features",
    );
  }
  return layout;
}
