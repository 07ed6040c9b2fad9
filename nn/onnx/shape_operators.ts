/**
 * What tfjs's kernels that move elements are in ONNX.
 *
 * @module
 */
import { RunError, tf } from "@seed/core";
import { dependsOnBatch, type Kernel, RECORDED_BATCH } from "./recorded_graph.ts";
import type { Named, Translation } from "./translation.ts";

/** Of the axes' order that TensorFlow has. */
const recorded = (name: string): Named => ({ name, order: "as recorded" });

/** Another shape for the same elements in the same order. */
export function reshape(t: Translation, { inputs, output }: Kernel): Named {
  const [x] = Object.values(inputs), { name, order } = t.named(x);
  // Of single pixels both orders of axes are the same.
  const single = order === "channels first" && x.shape[1] * x.shape[2] === 1;
  return recorded(t.apply("Reshape", [single ? name : t.recorded(x), t.shape(output.shape)]));
}

/** Another order of axes. */
export function transpose(t: Translation, { inputs: { x }, attributes: { perm } }: Kernel): Named {
  return recorded(t.apply("Transpose", [t.recorded(x)], { perm }));
}

/** One after the other along an axis. */
export function concat(t: Translation, { inputs, attributes: { axis } }: Kernel): Named {
  return recorded(t.apply("Concat", Object.values(inputs).map((part) => t.recorded(part)), { axis }));
}

/** A part along some axes; of the batch always all. */
export function slice(t: Translation, { inputs: { x }, attributes: { begin, size }, output }: Kernel): Named {
  const [starts] = tf.slice_util.parseSliceParams({ shape: [...x.shape] } as tf.Tensor, begin, size);
  const axes = [...x.shape.keys()].filter((axis) => output.shape[axis] !== x.shape[axis]);
  if (axes.some((axis) => dependsOnBatch([x.shape[axis]]))) {
    throw new RunError("Cannot export a network that takes some images of a batch only");
  }
  const first = axes.map((axis) => starts[axis]),
    ends = axes.map((axis) => starts[axis] + output.shape[axis]);
  const bounds = [first, ends, axes].map((values) => t.integers(values));
  return recorded(axes.length ? t.apply("Slice", [t.recorded(x), ...bounds]) : t.recorded(x));
}

/** Repeated along axes; a constant for each image of the batch. */
export function tile(t: Translation, { inputs: { x }, attributes: { reps } }: Kernel): Named {
  const [batch, ...others]: number[] = reps;
  if (!dependsOnBatch(reps)) return recorded(t.apply("Tile", [t.recorded(x), t.integers(reps)]));
  if (batch !== RECORDED_BATCH || x.shape[0] !== 1 || others.some((count) => count !== 1)) {
    throw new RunError(`Cannot export a tensor [${x.shape}] that is repeated [${reps}] times`);
  }
  const shape = t.apply("Concat", [t.batchSize(), t.integers(x.shape.slice(1))], { axis: 0 });
  return recorded(t.apply("Expand", [t.recorded(x), shape]));
}
