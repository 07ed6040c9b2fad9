/**
 * Weights and images that both sides compute, so that no file has to carry them. The twin of formula.py.
 *
 * @module
 */
import { fromTorch, type Parameter, tf, torchShape, type WeightsFile } from "@seed/core";
import { withValuesSetLater } from "@seed/core/host";

/** `count` numbers in [0, 1): a hash of the name (FNV-1a) and the index (lowbias32), over 2^32. */
export function unit(name: string, count: number): Float64Array {
  let seed = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 0x01000193) >>> 0;
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = mix(mix(i) ^ seed) / 0x100000000;
  return values;
}

/** Float32 values of a shape, row-major. */
export function uniform(name: string, shape: readonly number[], low = -1, high = 1): Float32Array {
  const values = new Float32Array(size(shape)), u = unit(name, values.length);
  for (let i = 0; i < values.length; i++) values[i] = low + (high - low) * u[i]; // a loop: there are millions
  return values;
}

/** Rows of a matrix, scaled to length 1. */
export function normalizeRows(values: ArrayLike<number>, dim: number): Float32Array {
  return Float32Array.from(values, (value, i) => {
    const row = Array.from(values).slice(i - i % dim, i - i % dim + dim);
    return value / Math.hypot(...row);
  });
}

/**
 * What random weights multiply the variance by, and a ReLU halves: a little more than keeps it, so that features still
 * tell images apart at the end of a deep network. A network that amplifies needs less.
 */
const GAIN = 6.25 / 3;

/** A value of a network, of a size that suits its place; shape in PyTorch's layout. */
export function weight(name: string, shape: readonly number[], gain = GAIN): Float32Array {
  if (name.endsWith(".running_var")) return uniform(name, shape, 0.5, 1.5);
  // Of rotary positions, which are published in bf16.
  if (name.endsWith(".periods")) {
    return Float32Array.from({ length: shape[0] }, (_, i) => bf16(100 ** (i / shape[0])));
  }
  if (shape.length === 1 && name.endsWith(".weight")) return uniform(name, shape, 0.8, 1.2);
  if (shape.length === 1) return uniform(name, shape, -0.2, 0.2);
  if (shape.length === 3) return uniform(name, shape); // tokens, positions: added to patches of about this size
  const bound = Math.sqrt(3 * gain / size(shape.slice(1)));
  return uniform(name, shape, -bound, bound);
}

/** Makes a network that {@link fill} gives its values. */
export async function toFill<T>(make: () => T): Promise<T> {
  return await withValuesSetLater(() => Promise.resolve(make()));
}

/** Sets variables to the formula's values. */
export function fill(parameters: readonly Parameter[], gain = GAIN): void {
  for (const { name, kind, variable } of parameters) {
    const values = weight(name, torchShape(variable.shape, kind), gain);
    tf.tidy(() => variable.assign(tf.tensor(fromTorch(values, variable.shape, kind), variable.shape)));
  }
}

/** A file of the formula's values, of the names and shapes given. */
export function weightsFile(shapes: Readonly<Record<string, readonly number[]>>, gain = GAIN): WeightsFile {
  return {
    path: "formula",
    format: "formula",
    metadata: {},
    tensors: new Map(Object.entries(shapes).map(([name, shape]) => [name, { dtype: "F32", shape }])),
    read: (name) => weight(name, shapes[name], gain),
    [Symbol.dispose]() {},
  };
}

/** `[batch, side, side, 3]` uint8: noise over coarse squares, so that pooling leaves something to tell apart. */
export function pixels(name: string, batch: number, side: number): Uint8Array {
  const squares = Math.ceil(side / 8);
  const coarse = unit(`${name}.coarse`, batch * squares * squares * 3);
  const fine = unit(`${name}.fine`, batch * side * side * 3);
  return Uint8Array.from(fine, (value, i) => {
    const channel = i % 3, x = Math.floor(i / 3) % side, y = Math.floor(i / 3 / side) % side;
    const image = Math.floor(i / 3 / side / side);
    const square = (image * squares + (y >> 3)) * squares + (x >> 3);
    return Math.floor(160 * coarse[square * 3 + channel] + 96 * value);
  });
}

/** {@link pixels} as networks take them: float32 in 0..255. */
export function images(name: string, batch: number, side: number): tf.Tensor4D {
  return tf.tensor4d(Float32Array.from(pixels(name, batch, side)), [batch, side, side, 3]);
}

/** Rounded to the nearest bf16. */
function bf16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0] = (bits[0] + 0x7fff + (bits[0] >>> 16 & 1)) & 0xffff0000;
  return new Float32Array(bits.buffer)[0];
}

function size(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}
