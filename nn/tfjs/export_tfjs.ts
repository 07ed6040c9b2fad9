import type { LoadedNetwork } from "../loaded/loaded_network.ts";
import { type Outputs, recordNetwork } from "../onnx/record_network.ts";
import { RECORDED_BATCH } from "../onnx/recorded_graph.ts";
import { GraphBuilder } from "./graph_builder.ts";
import type { GraphModel } from "./graph_model.ts";
import { OPERATORS } from "./operators.ts";

/** The model's input: RGB in 0..1, normalised. */
const INPUT = "images";

/**
 * A network as a graph model of TensorFlow.js: `images` `[batch, inputSize, inputSize, 3]` float32, normalised by the mean
 * and deviation in its metadata, to `features` and `embedding`, for any batch. Batch norms are folded.
 *
 * @param options.outputs `embedding` is the head's output, not normalised.
 * @param options.inputSize Side in pixels of the images.
 * @throws {RunError} If the network has an operation that is not translated, which is named.
 */
export function graphModel(
  network: LoadedNetwork,
  { outputs, inputSize }: { outputs: Outputs; inputSize: number },
): GraphModel {
  const { name, normalization: { mean, std } } = network;
  const { graph, outputNames } = recordNetwork(network, { outputs, inputSize });
  const builder = new GraphBuilder(graph, INPUT, outputNames, OPERATORS), size = `${inputSize}`;
  const dim = ["-1", size, size, "3"].map((size) => ({ size }));
  const input = {
    name: INPUT,
    op: "Placeholder",
    input: [],
    attr: { dtype: { type: "DT_FLOAT" }, shape: { shape: { dim } } },
  } as const;
  graph.outputs.forEach((value, i) => builder.output(value, outputNames[i]));
  return {
    inputs: [{ name: INPUT, shape: [null, inputSize, inputSize, 3] }],
    outputs: graph.outputs.map(({ shape }, i) => ({
      name: outputNames[i],
      shape: shape.map((side) => side === RECORDED_BATCH ? null : side),
    })),
    nodes: [input, ...builder.nodes],
    weights: builder.weights,
    metadata: { network: name, input_size: inputSize, mean, std },
  };
}
