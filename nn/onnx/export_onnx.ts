import type { LoadedNetwork } from "../loaded/loaded_network.ts";
import { encodeModel, type OnnxModel, type OnnxNode } from "./onnx_model.ts";
import { OPERATORS } from "./operators.ts";
import { type Outputs, recordNetwork } from "./record_network.ts";
import { Translation } from "./translation.ts";

/** The file's input: RGB in 0..1, normalised. */
const INPUT = "images";

/** What the file is to have. */
export interface OnnxOptions {
  /** `features` and `embedding`, the head's output, not normalised. */
  readonly outputs: Outputs;
  /** Side in pixels of the images. */
  readonly inputSize: number;
  /** True: batch norms become part of the layers before them; false: they stay, with their running statistics. */
  readonly foldBatchNorm: boolean;
}

/**
 * A network as an ONNX file of operator set 17: `images` `[batch, 3, inputSize, inputSize]` float32, normalised by
 * the mean and deviation that the file's metadata tells, to `features` and `embedding`, for any batch.
 *
 * @returns the file's bytes, and how many constants it holds.
 * @throws {RunError} If the network has an operation that is not translated (which is named), or is too large.
 */
export function exportOnnx(
  network: LoadedNetwork,
  options: OnnxOptions,
): { bytes: Uint8Array<ArrayBuffer>; tensors: number } {
  const model = onnxModel(network, options);
  return { bytes: encodeModel(model), tensors: model.initializers.length };
}

/** The same, before it is written. */
export function onnxModel(
  network: LoadedNetwork,
  { outputs, inputSize, foldBatchNorm }: OnnxOptions,
): OnnxModel {
  const { name, normalization } = network;
  const { graph, outputNames } = recordNetwork(network, { outputs, inputSize });
  const translation = new Translation(graph, INPUT, { operators: OPERATORS, foldBatchNorm });
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
