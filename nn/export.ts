/**
 * What networks are written as, for other programs: ONNX, and weights in other libraries' names.
 *
 * @module
 */
export * from "./loaded/loaded_network.ts";
export * from "./export/state_dict.ts";
export * from "./onnx/export_onnx.ts";
export * from "./weights/write_torch.ts";
