/**
 * The part of the networks that programs use which evaluate, export and list them: the command line, tests, benches.
 * What plugins need is in `@seed/nn`; nothing here is promised to stay.
 *
 * @module
 */
export { patchProblem } from "./layers/token_embedding.ts";
export { type Names, type StateDict, stateDict } from "./export/state_dict.ts";
export { timmArchitecture } from "./export/timm_architecture.ts";
export { FrozenNetwork, inputSizeOf, layoutOf, networksOf, publishedInput } from "./frozen/frozen_network.ts";
export { fileNetwork, type LoadedNetwork, studentNetwork } from "./loaded/loaded_network.ts";
export { sizeOf } from "./networks/known_sizes.ts";
export { type NetworkSize, networkSize, poolsOf } from "./networks/network_size.ts";
export { isMeantAsNetwork, networkProblem } from "./networks/network_problem.ts";
export { PAPER_FIGURES, type PaperFigure } from "./networks/paper_figures.ts";
export { exportOnnx, type OnnxOptions } from "./onnx/export_onnx.ts";
export type { Outputs } from "./onnx/record_network.ts";
export { halfPrecision } from "./onnx/half_precision.ts";
export { HUB_INPUT, HUB_OUTPUTS, hubModel } from "./onnx/hub_model.ts";
export { encodeModel, type OnnxModel } from "./onnx/onnx_model.ts";
export { quantize, quantizedValues, type Range, withOutputs } from "./onnx/quantize.ts";
export { graphModel } from "./tfjs/export_tfjs.ts";
export { encodeGraphModel } from "./tfjs/graph_model.ts";
export { writeTorch } from "./weights/write_torch.ts";
