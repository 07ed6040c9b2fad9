import type { LoadedNetwork } from "../loaded/loaded_network.ts";
import { onnxModel } from "./export_onnx.ts";
import type { OnnxModel } from "./onnx_model.ts";
import { renameValues } from "./rename_values.ts";

/** The input that transformers.js gives: its processors' output. */
export const HUB_INPUT = "pixel_values";

/** What its pipeline takes, in this order: without and with `pool: true` (`pipelines/image-feature-extraction.js`). */
export const HUB_OUTPUTS = ["last_hidden_state", "pooler_output"] as const;

/**
 * A network's features under the names that transformers.js and Optimum know: `pixel_values`
 * `[batch, 3, inputSize, inputSize]` float32, normalised, to `last_hidden_state` and `pooler_output`, which are the
 * same `[batch, featureDim]`. Batch norms are folded.
 *
 * @throws {RunError} If the network has an operation that is not translated, which is named.
 */
export function hubModel(network: LoadedNetwork, inputSize: number): OnnxModel {
  const model = onnxModel(network, { outputs: "features", inputSize, foldBatchNorm: true });
  const [plain, pooled] = HUB_OUTPUTS, [{ name: input }] = model.inputs, [features] = model.outputs;
  const renamed = renameValues(model, { [input]: HUB_INPUT, [features.name]: plain });
  return {
    ...renamed,
    outputs: HUB_OUTPUTS.map((name) => ({ ...features, name })),
    nodes: [...renamed.nodes, { operator: "Identity", inputs: [plain], output: pooled, attributes: {} }],
  };
}
