import type { tf } from "@seed/core";
import type { Normalization } from "../normalize.ts";
import { encodeModel, type OnnxModel, type OnnxNode } from "./onnx_model.ts";
import { recordGraph } from "./recorded_graph.ts";
import { Translation } from "./translation.ts";

/** A network to export. */
export interface ExportedNetwork {
  /** As `ls networks` names it. */
  readonly name: string;
  /** Each output by its name, of `[batch, inputSize, inputSize, 3]` float32 in 0..255. */
  forward(images: tf.Tensor4D): Record<string, tf.Tensor>;
  /** Weights by timm's name, which constants of the file get. */
  readonly weights: ReadonlyMap<tf.Tensor, string>;
  readonly inputSize: number;
  readonly normalization: Normalization;
}

/** The file's input: RGB in 0..1, normalised. */
const INPUT = "images";

/**
 * A network as an ONNX file of operator set 17: `images` `[batch, 3, inputSize, inputSize]` float32, normalised by
 * the mean and deviation that the file's metadata tells, to the network's outputs, for any batch.
 *
 * @param options.foldBatchNorm True: batch norms become part of the convolutions before them; false: they stay
 *   operators, with their running statistics.
 * @throws {RunError} If the network has an operation that is not translated (which is named), or is too large.
 */
export function exportOnnx(
  network: ExportedNetwork,
  options: { foldBatchNorm: boolean },
): Uint8Array<ArrayBuffer> {
  return encodeModel(onnxModel(network, options));
}

/** The same, before it is written. */
export function onnxModel(
  { name, forward, weights, inputSize, normalization }: ExportedNetwork,
  options: { foldBatchNorm: boolean },
): OnnxModel {
  let outputNames: string[] = [];
  const graph = recordGraph((images) => {
    const outputs = forward(images);
    outputNames = Object.keys(outputs);
    return Object.values(outputs);
  }, { size: inputSize, names: weights });
  const translation = new Translation(graph, INPUT, options);
  const found = graph.outputs.map((value) => translation.recorded(value));
  const rename = new Map(found.map((value, i) => [value, outputNames[i]]));
  return {
    name,
    metadata: {
      network: name,
      input_size: `${inputSize}`,
      mean: JSON.stringify(normalization.mean),
      std: JSON.stringify(normalization.std),
    },
    inputs: [{ name: INPUT, shape: ["batch", 3, inputSize, inputSize] }],
    outputs: graph.outputs.map(({ shape }, i) => ({
      name: outputNames[i],
      shape: ["batch", ...shape.slice(1)],
    })),
    initializers: translation.initializers,
    nodes: translation.nodes.map((node) => renamed(node, rename)),
  };
}

function renamed({ inputs, output, ...node }: OnnxNode, names: ReadonlyMap<string, string>): OnnxNode {
  const name = (value: string) => names.get(value) ?? value;
  return { ...node, inputs: inputs.map(name), output: name(output) };
}
