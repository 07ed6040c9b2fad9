import type { Student, tf, WeightsFile } from "@seed/core";
import { FrozenNetwork, publishedInput } from "../frozen/frozen_network.ts";
import type { FrozenValue } from "../frozen/frozen_parameters.ts";
import type { Network } from "../networks/networks.ts";
import type { Pool } from "../backbones/backbone.ts";
import type { Normalization } from "../backbones/normalize.ts";

/** A network with its weights, wherever they are from: it can compute, and be written to other files. */
export interface LoadedNetwork extends Disposable {
  /** As `ls networks` names it. */
  readonly name: string;
  /** In the order of timm's state dict; a projection head's begin with `head.`. None if batch norms are folded. */
  readonly values: readonly FrozenValue[];
  /** How many batches its batch norms have seen; null if that is not known. */
  readonly batches: bigint | null;
  readonly hasHead: boolean;
  /** Side in pixels of the pictures that it is meant for. */
  readonly inputSize: number;
  readonly normalization: Normalization;
  /**
   * @param images `[batch, height, width, 3]` float32 in 0..255.
   * @param head Whether the head's output is wanted.
   * @param pool What the features are to be, where the network offers it; default: as its publisher does.
   * @returns `features` `[batch, featureDim]`; `embedding` `[batch, headDim]`, not normalised, null if there is none
   *   or none is wanted.
   */
  forward(
    images: tf.Tensor4D,
    head: boolean,
    pool?: Pool,
  ): { features: tf.Tensor2D; embedding: tf.Tensor2D | null };
}

/**
 * A network of the table with a file of weights.
 *
 * @param file Open until this returns.
 * @param options.below What stands before the network's names in the file; null: that is found; default null.
 * @param options.foldBatchNorm True: batch norms become part of the layers before them, which computes faster;
 *   default false.
 * @throws {RunError} If the file is in none of the network's layouts, or does not fit it.
 */
export function fileNetwork(
  file: WeightsFile,
  network: Network,
  { below = null, foldBatchNorm = false }: { below?: string | null; foldBatchNorm?: boolean } = {},
): LoadedNetwork {
  const frozen = FrozenNetwork.load(file, network, { below, foldBatchNorm }), { layout } = frozen;
  const { inputSize, normalization } = publishedInput(file, network, layout);
  const head = layout.head === null ? null : `${layout.head}.`;
  return {
    name: network.name,
    values: foldBatchNorm
      ? []
      : frozen.parameters.values.map((value) =>
        head !== null && value.name.startsWith(head)
          ? { ...value, name: `head.${value.name.slice(head.length)}` }
          : value
      ),
    batches: batchesOf(file),
    hasHead: head !== null,
    inputSize,
    normalization,
    forward(images, head, pool) {
      const features = frozen.features(images, pool);
      return { features, embedding: head && layout.head !== null ? frozen.embeddingOf(features) : null };
    },
    [Symbol.dispose]: () => frozen[Symbol.dispose](),
  };
}

/** A trained student with the file that its weights are from. */
export function studentNetwork(student: Student, file: WeightsFile, inputSize: number): LoadedNetwork {
  const { network: name, mean, std, parameters } = student;
  return {
    name,
    values: parameters.map(({ name, kind, variable }) => ({ name, kind, tensor: variable })),
    batches: batchesOf(file),
    hasHead: true,
    inputSize,
    normalization: { mean, std },
    forward: (images) => student.forward(images, { training: false }),
    [Symbol.dispose]: () => student[Symbol.dispose](),
  };
}

/** All batch norms of a network see the same batches. Null: not known, or no count, as of an average of checkpoints. */
function batchesOf(file: WeightsFile): bigint | null {
  const name = [...file.tensors.keys()].find((name) => name.endsWith(".num_batches_tracked"));
  if (name === undefined) return null;
  const [count] = file.read(name);
  return Number.isSafeInteger(count) && count >= 0 ? BigInt(count) : null;
}
