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
import { valueProblem } from "./value_problem.ts";
import type { WeightsFile } from "./weights_file.ts";

/** Problems that a message lists at most. */
const SHOWN = 20;

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
 * @throws {RunError} If one is missing, has another shape, or values that no network has; all such are listed.
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
  const broken: string[] = [];
  for (const { name, kind, variable } of parameters) {
    const values = file.read(prefix + name), problem = valueProblem(prefix + name, values);
    if (problem) broken.push(problem);
    assignValues({ kind, variable }, values);
  }
  if (broken.length) throw brokenWeights(file.path, broken);
}

/** Sets a variable to values of a file, in PyTorch's layout. */
export function assignValues(
  { kind, variable }: Pick<Parameter, "kind" | "variable">,
  values: Float32Array,
): void {
  const value = tf.tensor(fromTorch(values, variable.shape, kind), variable.shape);
  variable.assign(value);
  value.dispose();
}

/** Weights that fit, but are of a network that diverged, or of a damaged file. */
export function brokenWeights(path: string, problems: readonly string[]): RunError {
  const shown = problems.slice(0, SHOWN), more = problems.length - shown.length;
  return new RunError(
    `The weights in "${path}" are of a network that diverged, or damaged; take others:\n  ${
      [...shown, ...more ? [`and ${more} more`] : []].join("\n  ")
    }`,
  );
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
