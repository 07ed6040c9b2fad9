import type { Student, tf, WeightsFile } from "@seed/core";
import { FrozenNetwork, publishedInput } from "../frozen/frozen_network.ts";
import type { FrozenValue } from "../frozen/frozen_parameters.ts";
import type { Network } from "../networks/networks.ts";
import type { Normalization } from "../backbones/normalize.ts";

/** Which outputs of a network. */
export type Outputs = "features" | "head" | "both";

/** A network with its values, of which files are written. */
export interface ExportedNetwork extends Disposable {
  /** As `ls networks` names it. */
  readonly name: string;
  /** In the order of timm's state dict; a projection head's begin with `head.`. */
  readonly values: readonly FrozenValue[];
  /** How many batches its batch norms have seen; null if that is not known. */
  readonly batches: bigint | null;
  readonly hasHead: boolean;
  /** Side in pixels of the pictures that it is meant for. */
  readonly inputSize: number;
  readonly normalization: Normalization;
  /** Features, and the head's output if `head`, of `[batch, height, width, 3]` float32 in 0..255. */
  forward(images: tf.Tensor4D, head: boolean): { features: tf.Tensor; embedding: tf.Tensor | null };
}

/** A network of the table with a file of weights, batch norms unfolded. */
export function fileNetwork(file: WeightsFile, network: Network): ExportedNetwork {
  const frozen = FrozenNetwork.load(file, network, { foldBatchNorm: false }), { layout } = frozen;
  const { inputSize, normalization } = publishedInput(file, network, layout);
  const head = layout.head === null ? null : `${layout.head}.`;
  return {
    name: network.name,
    values: frozen.parameters.values.map((value) =>
      head !== null && value.name.startsWith(head)
        ? { ...value, name: `head.${value.name.slice(head.length)}` }
        : value
    ),
    batches: batchesOf(file),
    hasHead: head !== null,
    inputSize,
    normalization,
    forward(images, head) {
      const features = frozen.features(images);
      return { features, embedding: head ? frozen.embeddingOf(features) : null };
    },
    [Symbol.dispose]: () => frozen[Symbol.dispose](),
  };
}

/** A trained student with the file that its weights are from. */
export function studentNetwork(student: Student, file: WeightsFile, inputSize: number): ExportedNetwork {
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

/** All batch norms of a network see the same batches. */
function batchesOf(file: WeightsFile): bigint | null {
  const name = [...file.tensors.keys()].find((name) => name.endsWith(".num_batches_tracked"));
  return name === undefined ? null : BigInt(file.read(name)[0]);
}
