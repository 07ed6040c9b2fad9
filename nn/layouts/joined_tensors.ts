import { quoted, RunError, type TensorInfo, type WeightsFile } from "@seed/core";
import type { Layout } from "./layout.ts";

/** All of a file's tensor, or one of so many equal parts of its first axis. */
export interface TensorPart {
  readonly name: string;
  readonly part?: readonly [index: number, of: number];
}

/** A tensor that a file has in another shape: parts of its, one after another along the first axis. */
export interface JoinedTensor {
  /** timm's. */
  readonly name: string;
  readonly from: readonly TensorPart[];
  /** Number of axes; those that are not there come first, each of one element. Default: as many as the parts have. */
  readonly rank?: number;
}

/**
 * A file with a layout's joined tensors in place of those that they are made of, each read when it is asked for.
 *
 * @throws {RunError} If what one is made of is not all there, or does not divide.
 */
export function joinedTensors(file: WeightsFile, { joined = [], prefix }: Layout): WeightsFile {
  if (joined.length === 0) return file;
  const known = new Map(joined.map((one) => [prefix + one.name, one]));
  const tensors = new Map<string, TensorInfo>(file.tensors);
  for (const { from } of joined) for (const { name } of from) tensors.delete(prefix + name);
  for (const [name, one] of known) tensors.set(name, infoOf(file, one, prefix));
  return {
    ...{ path: file.path, format: file.format, metadata: file.metadata, tensors },
    read(name) {
      const one = known.get(name);
      if (!one) return file.read(name);
      const parts = one.from.map((part) => rowsOf(file.read(prefix + part.name), part));
      return parts.length === 1 ? parts[0] : concatenated(parts);
    },
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}

function infoOf({ path, tensors }: WeightsFile, { from, rank }: JoinedTensor, prefix: string): TensorInfo {
  const shapes = from.map(({ name, part: [, of] = [0, 1] }) => {
    const info = tensors.get(prefix + name);
    if (!info) {
      throw new RunError(`The weights in "${path}" do not fit the network: missing "${prefix}${name}"`);
    }
    const [rows, ...others] = info.shape;
    if (rows % of === 0) return [rows / of, ...others];
    throw new RunError(
      `In "${path}" ${
        quoted(prefix + name)
      } has the shape [${info.shape}], expected a first axis of ${of} equal parts`,
    );
  });
  const [[, ...others]] = shapes, differs = shapes.findIndex(([, ...each]) => each.join() !== others.join());
  if (differs >= 0) {
    const [one, other] = [0, differs].map((i) => `${quoted(prefix + from[i].name)} [${shapes[i]}]`);
    throw new RunError(
      `In "${path}" ${one} and ${other} are parts of one tensor, but differ beyond the first axis`,
    );
  }
  const shape = [shapes.reduce((sum, [rows]) => sum + rows, 0), ...others];
  return { dtype: "F32", shape: [...Array(Math.max(0, (rank ?? 0) - shape.length)).fill(1), ...shape] };
}

function rowsOf(values: Float32Array, { part: [index, of] = [0, 1] }: TensorPart): Float32Array {
  const size = values.length / of;
  return values.subarray(index * size, (index + 1) * size);
}

function concatenated(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
