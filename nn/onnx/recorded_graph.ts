import { RunError, tf } from "@seed/core";
import { observeOperations, type Operation, shapeOnly } from "../networks/shape_backend.ts";

/**
 * The batch that networks are recorded with: a prime that no layer is as wide as, so that the sides it divides are
 * the batch's. Shapes alone run, so it costs nothing.
 */
export const RECORDED_BATCH = 7919;

/** A tensor of a recorded network. */
export interface Value {
  /** In TensorFlow's layout. */
  readonly shape: readonly number[];
  /** What computes it; null for the network's input and for constants. */
  readonly from: Kernel | null;
  /** Row-major; null if it is computed from the network's input. */
  readonly constant: Float32Array | null;
  /** Of a weight. */
  readonly name: string | null;
}

/** An operation of a recorded network. */
export interface Kernel {
  /** tfjs's name. */
  readonly name: string;
  readonly inputs: Readonly<Record<string, Value>>;
  /** Each kernel has attributes of its own. */
  readonly attributes: any;
  readonly output: Value;
}

/** What a network does with a batch of images. */
export interface RecordedGraph {
  /** `[RECORDED_BATCH, size, size, 3]`. */
  readonly input: Value;
  /** In the order of computation. */
  readonly kernels: readonly Kernel[];
  readonly outputs: readonly Value[];
}

/**
 * Records which operations a network consists of. Operations on constants alone are computed at once.
 *
 * @param network Of `[batch, size, size, 3]` images; its weights are on any backend.
 * @param options.size Side of the images.
 * @param options.names Names of weights by their tensor.
 */
export function recordGraph(
  network: (images: tf.Tensor4D) => tf.Tensor[],
  { size, names }: { size: number; names: ReadonlyMap<tf.Tensor, string> },
): RecordedGraph {
  const values = new Map<tf.DataId, Value>(), kernels: Kernel[] = [];
  const nameOf = new Map([...names].map(([{ dataId }, name]) => [dataId, name]));

  /** A tensor that nothing recorded has made is a constant. */
  const valueOf = (tensor: tf.Tensor): Value => {
    const known = values.get(tensor.dataId);
    if (known) return known;
    const constant = Float32Array.from(tensor.dataSync() as ArrayLike<number>);
    const value = { shape: tensor.shape, from: null, constant, name: nameOf.get(tensor.dataId) ?? null };
    values.set(tensor.dataId, value);
    return value;
  };

  const record = ({ kernel, inputs, attributes, output: { dataId, shape } }: Operation) => {
    const given = Object.fromEntries(Object.entries(inputs).map(([key, tensor]) => [key, valueOf(tensor)]));
    const inOrder = Array.isArray(inputs);
    const all = Object.values(given);
    if (kernel === "Identity") {
      values.set(dataId, all[0]);
    } else if (all.every(({ constant }) => constant) && !dependsOnBatch(shape)) {
      values.set(dataId, {
        shape,
        from: null,
        constant: compute(kernel, given, { attributes, inOrder }),
        name: null,
      });
    } else {
      const output: { -readonly [K in keyof Value]: Value[K] } = {
        shape,
        from: null,
        constant: null,
        name: null,
      };
      const recorded = { name: kernel, inputs: given, attributes, output };
      output.from = recorded;
      values.set(dataId, output);
      kernels.push(recorded);
    }
  };

  let input!: Value, outputs: Value[] = [];
  try {
    observeOperations(() => {
      const images = shapeOnly([RECORDED_BATCH, size, size, 3]) as tf.Tensor4D;
      input = { shape: images.shape, from: null, constant: null, name: null };
      values.set(images.dataId, input);
      outputs = network(images).map(valueOf);
    }, record);
  } catch (error) {
    const [, kernel] = (error as Error).message.match(/^Kernel '(\w+)' not registered for backend/) ?? [];
    throw kernel ? notExported(kernel, null) : error;
  }
  return { input, kernels, outputs };
}

/** The error for an operation that is not known, in one format or (null) in all. */
export function notExported(kernel: string, to: string | null): RunError {
  const where = to === null ? "" : ` to ${to}`;
  return new RunError(`Cannot export the operation "${kernel}": there is no translation of it${where} yet`);
}

/** How many operations take each value, and how many outputs are it. */
export function usesOf({ kernels, outputs }: RecordedGraph): ReadonlyMap<Value, number> {
  const uses = new Map<Value, number>();
  const count = (value: Value) => uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const { inputs } of kernels) for (const value of Object.values(inputs)) count(value);
  for (const value of outputs) count(value);
  return uses;
}

/** Whether a side of a shape is the batch's, or a multiple. */
export function dependsOnBatch(shape: readonly number[]): boolean {
  return shape.some((side) => side > 0 && side % RECORDED_BATCH === 0);
}

/**
 * Runs an operation on constants, by tfjs's own kernel.
 *
 * @param options.inOrder Whether the kernel takes a list, not names.
 */
function compute(
  kernel: string,
  inputs: Readonly<Record<string, Value>>,
  { attributes, inOrder }: { attributes: tf.NamedAttrMap; inOrder: boolean },
): Float32Array {
  const before = tf.getBackend();
  tf.setBackend("cpu");
  try {
    return tf.tidy(() => {
      const tensors = Object.entries(inputs).map(([key, { constant, shape }]) =>
        [key, tf.tensor(constant!, [...shape])] as const
      );
      const given = inOrder ? tensors.map(([, tensor]) => tensor) : Object.fromEntries(tensors);
      const output = tf.engine().runKernel(kernel, given as tf.NamedTensorMap, attributes) as tf.Tensor;
      return Float32Array.from(output.dataSync() as ArrayLike<number>);
    });
  } finally {
    tf.setBackend(before);
  }
}
