import { convolvesGroups, tf } from "@seed/core";

/** What engines that convolve in groups take. */
type Padding = "same" | "valid";

/**
 * Convolves groups of channels, each by filters of its own, as PyTorch's `conv2d` with `groups` does. Engines
 * that have no groups are given blocks of them: docs/decisions.md has the times of both.
 *
 * @param x `[batch, height, width, inputs]`.
 * @param filter `[kernel, kernel, inputs / groups, outputs]`: outputs of the first group, then of the second, ...
 * @returns `[batch, height / stride, width / stride, outputs]`.
 */
export function groupedConv2d(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  stride: number,
  pad: Padding,
): tf.Tensor4D {
  return convolvesGroups() ? asOneOperation(x, filter, stride, pad) : inBlocks(x, filter, stride, pad);
}

/** tfjs's `conv2d` refuses such filters, and its gradient does; the kernels under it need not. */
function asOneOperation(x: tf.Tensor4D, filter: tf.Tensor4D, strides: number, pad: Padding): tf.Tensor4D {
  const kernel = (name: string, inputs: tf.NamedTensorMap, shapes: object = {}) => {
    const attributes = { strides, pad, dilations: 1, dataFormat: "NHWC", ...shapes };
    return tf.engine().runKernel(name, inputs, attributes as unknown as tf.NamedAttrMap) as tf.Tensor4D;
  };
  const run = tf.customGrad((...args) => {
    const [x, filter, save] = args as [tf.Tensor4D, tf.Tensor4D, tf.GradSaveFunc];
    save([x, filter]);
    return {
      value: kernel("Conv2D", { x, filter }),
      gradFunc: (dy: tf.Tensor, [x, filter]: tf.Tensor[]) => [
        kernel("Conv2DBackpropInput", { dy, filter }, { inputShape: x.shape }),
        kernel("Conv2DBackpropFilter", { x, dy }, { filterShape: filter.shape }),
      ],
    };
  });
  return run(x, filter) as tf.Tensor4D;
}

/** Channels of a block, if a group has no more: so wide that there are few, and not much of each is zeros. */
const BLOCK = 64;

/** Neighbouring groups, and the channels of their filter's axes. */
export interface Block {
  readonly groups: number;
  readonly inputs: { readonly first: number; readonly count: number };
  readonly outputs: { readonly first: number; readonly count: number };
}

/** The groups of a filter in blocks. */
export function blocksOf(inputs: number, [, , each, outputs]: readonly number[]): Block[] {
  const groups = inputs / each, most = Math.max(1, Math.floor(BLOCK / each)), results = outputs / groups;
  return Array.from({ length: Math.ceil(groups / most) }, (_, i) => {
    const first = i * most, count = Math.min(most, groups - first);
    return {
      groups: count,
      inputs: { first: first * each, count: count * each },
      outputs: { first: first * results, count: count * results },
    };
  });
}

/** Blocks of groups, each convolved as one, by filters that are zero from one group to another. */
function inBlocks(x: tf.Tensor4D, filter: tf.Tensor4D, stride: number, pad: Padding): tf.Tensor4D {
  const parts = blocksOf(x.shape[3], filter.shape).map(({ groups, inputs, outputs }) => {
    const maps = tf.slice(x, [0, 0, 0, inputs.first], [-1, -1, -1, inputs.count]);
    const own = tf.slice(filter, [0, 0, 0, outputs.first], [-1, -1, -1, outputs.count]);
    const mask = tf.tensor2d(blockMask(groups, inputs.count, outputs.count), [inputs.count, outputs.count]);
    return tf.conv2d(maps, tf.mul(tf.tile(own, [1, 1, groups, 1]), mask) as tf.Tensor4D, stride, pad);
  });
  return parts.length === 1 ? parts[0] : tf.concat(parts, 3);
}

/** `[inputs, outputs]`: 1 where both are of one group. */
export function blockMask(groups: number, inputs: number, outputs: number): Float32Array {
  const groupOf = (channel: number, channels: number) => Math.floor(channel * groups / channels);
  return Float32Array.from(
    { length: inputs * outputs },
    (_, i) => groupOf(Math.floor(i / outputs), inputs) === groupOf(i % outputs, outputs) ? 1 : 0,
  );
}
