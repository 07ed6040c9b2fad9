import { quoted, RunError } from "@seed/core";
import { FLOAT, FLOAT16, type Initializer, type OnnxModel, type OnnxNode } from "./onnx_model.ts";
import { renameValues } from "./rename_values.ts";

/**
 * A model that computes in float16, with weights of half the bytes. Its inputs and outputs stay float32, so that
 * programs use it as they use the other.
 *
 * @throws {RunError} If a weight is beyond what float16 holds, 65504.
 */
export function halfPrecision(model: OnnxModel): OnnxModel {
  const ends = [...model.inputs, ...model.outputs].map(({ name }) => name);
  const inside = renameValues(model, Object.fromEntries(ends.map((name) => [name, halfOf(name)])));
  return {
    ...model,
    initializers: model.initializers.map(halfConstant),
    nodes: [
      ...model.inputs.map(({ name }) => cast(name, halfOf(name), FLOAT16)),
      ...inside.nodes.map(halfNode),
      ...model.outputs.map(({ name }) => cast(halfOf(name), name, FLOAT)),
    ],
  };
}

const halfOf = (name: string) => `${name}_float16`;

function cast(from: string, to: string, type: number): OnnxNode {
  return { operator: "Cast", inputs: [from], output: to, attributes: { to: type } };
}

/** What the network itself turns into floating-point numbers are such of half the size. */
function halfNode(node: OnnxNode): OnnxNode {
  const isCast = node.operator === "Cast" && node.attributes.to === FLOAT;
  return isCast ? { ...node, attributes: { to: FLOAT16 } } : node;
}

function halfConstant({ data, ...constant }: Initializer): Initializer {
  if (!(data instanceof Float32Array)) return { ...constant, data };
  const half = Float16Array.from(data), lost = half.findIndex((value) => !Number.isFinite(value));
  if (lost < 0) return { ...constant, data: half };
  throw new RunError(
    `The tensor ${quoted(constant.name)} has the value ${
      data[lost]
    }, but float16 ends at 65504: this network ` +
      "cannot be written in float16",
  );
}
