/**
 * Values of a network as files hold them: timm's names, PyTorch's layout.
 *
 * @module
 */
import { RunError } from "../errors.ts";
import { nearest } from "../text/nearest.ts";
import type { NamedArray } from "./safetensors.ts";
import type { Parameter } from "../interfaces/student.ts";
import { fromTorch, torchShape, toTorch } from "./tensor_layout.ts";
import { tf } from "../tf.ts";
import type { WeightsFile } from "./weights_file.ts";

/** Reads variables out. */
export async function readParameters(parameters: readonly Parameter[], prefix = ""): Promise<NamedArray[]> {
  return await Promise.all(parameters.map(async ({ name, kind, variable }) => ({
    name: prefix + name,
    shape: torchShape(variable.shape, kind),
    data: toTorch(await variable.data() as Float32Array, variable.shape, kind),
  })));
}

/**
 * Sets variables to the values of a file.
 *
 * @throws {RunError} If one is missing or has another shape; all such are listed.
 */
export function assignParameters(
  parameters: readonly Parameter[],
  file: WeightsFile,
  prefix = "",
): void {
  const problems = parameters.flatMap((parameter) => mismatch(parameter, file, prefix));
  if (problems.length) {
    throw new RunError(`The weights in "${file.path}" do not fit:\n  ${problems.join("\n  ")}`);
  }
  for (const { name, kind, variable } of parameters) {
    const data = fromTorch(file.read(prefix + name), variable.shape, kind);
    const value = tf.tensor(data, variable.shape);
    variable.assign(value);
    value.dispose();
  }
}

function mismatch({ name, kind, variable }: Parameter, file: WeightsFile, prefix: string): string[] {
  const info = file.tensors.get(prefix + name), expected = torchShape(variable.shape, kind);
  if (!info) {
    const close = nearest(prefix + name, file.tensors.keys());
    return [`missing "${prefix + name}"${close ? ` (the nearest is "${close}")` : ""}`];
  }
  if (info.shape.join() === expected.join()) return [];
  return [`"${prefix + name}" has the shape [${info.shape}], expected [${expected}]`];
}
