import type { OnnxModel } from "./onnx_model.ts";

/**
 * A model whose values have other names; constants and operators keep theirs.
 *
 * @param names New names by old ones; a value that is not in it keeps its own.
 */
export function renameValues(model: OnnxModel, names: Readonly<Record<string, string>>): OnnxModel {
  const name = (value: string) => Object.hasOwn(names, value) ? names[value] : value;
  return {
    ...model,
    inputs: model.inputs.map((input) => ({ ...input, name: name(input.name) })),
    outputs: model.outputs.map((output) => ({ ...output, name: name(output.name) })),
    nodes: model.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(name),
      output: name(node.output),
    })),
  };
}
