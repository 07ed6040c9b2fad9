import { tf } from "@seed/core";
import { uniform } from "../../tests/golden/formula.ts";
import { type Machine, openEngine } from "./open_engine.ts";
import type { Sizes } from "./sizes.ts";

/** Width of embeddings, SEED's teacher's. */
const DIM = 128;
const TEMPERATURE = 1e-4;
/** Rows that are computed in double precision too. */
const CHECKED = 8;

/** How far logits (similarities by the temperature) are from exact ones, and what share of probability is misplaced. */
interface Errors {
  logits: number;
  misplaced: number;
}

/**
 * SEED's similarities at a temperature of 1e-4: by the matrix product, which must be exact in fp32; by a convolution,
 * which has XLA's default precision (TF32 on NVIDIA's cards); and, computed here, as TF32 rounds them.
 */
export async function measureSimilarities(machine: Machine, { similarities: { rows, queue } }: Sizes) {
  const { engine } = await openEngine(machine);
  await using _ = engine;
  const left = unitRows(uniform("rows", [rows, DIM])), right = unitRows(neighbours(left, queue));
  const x = tf.tensor2d(left, [rows, DIM]), y = tf.tensor2d(right, [queue, DIM]);
  const run = async (name: string, body: (x: tf.Tensor2D, y: tf.Tensor2D) => tf.Tensor) => {
    using traced = engine.trace((x, y) => [body(x as tf.Tensor2D, y as tf.Tensor2D)], { name });
    const [result] = await traced.call(x, y), values = await result.data() as Float32Array;
    result.dispose();
    return values;
  };
  const product = await run("similarities", (x, y) => tf.matMul(x, y, false, true));
  const convolution = await run("similarities by a convolution", (x, y) => {
    const filter = tf.reshape(tf.transpose(y), [1, 1, DIM, queue]) as tf.Tensor4D;
    return tf.conv2d(tf.reshape(x, [rows, 1, 1, DIM]) as tf.Tensor4D, filter, 1, "valid");
  });
  tf.dispose([x, y]);
  const exact = products(left, right), rounded = products(left.map(tf32), right.map(tf32));
  return {
    ...{ temperature: TEMPERATURE, rows, queue, checkedRows: Math.min(CHECKED, rows) },
    matrixProduct: errors(product, exact, queue),
    convolution: errors(convolution, exact, queue),
    tf32Computed: errors(rounded, exact, queue),
  };
}

/** Scales rows to length 1, in place. */
function unitRows(values: Float32Array): Float32Array {
  for (let start = 0; start < values.length; start += DIM) {
    const row = values.subarray(start, start + DIM), length = Math.hypot(...row);
    row.forEach((value, j) => row[j] = value / length);
  }
  return values;
}

/** Rows near those given, in turns: their similarities differ by about the temperature, so that rounding matters. */
function neighbours(rows: Float32Array, count: number): Float32Array {
  const values = uniform("queue", [count, DIM], -0.002, 0.002);
  return values.map((value, i) => rows[i % rows.length] + value);
}

/** Of the first rows, in double precision. */
function products(left: Float32Array, right: Float32Array): Float64Array {
  const rows = Math.min(CHECKED, left.length / DIM), columns = right.length / DIM;
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let k = 0; k < DIM; k++) sum += left[i * DIM + k] * right[j * DIM + k];
      out[i * columns + j] = sum;
    }
  }
  return out;
}

const bits = new Uint32Array(1), float = new Float32Array(bits.buffer);

/** Rounds to TF32: ten bits of mantissa, to the nearest. */
function tf32(value: number): number {
  float[0] = value;
  bits[0] = (bits[0] + 0x1000) & 0xffffe000;
  return float[0];
}

function errors(found: ArrayLike<number>, exact: Float64Array, columns: number): Errors {
  const worst: Errors = { logits: 0, misplaced: 0 };
  for (let start = 0; start < exact.length; start += columns) {
    const row = (values: ArrayLike<number>) =>
      Float64Array.from({ length: columns }, (_, j) => values[start + j] / TEMPERATURE);
    const got = row(found), wanted = row(exact), p = softmax(got), q = softmax(wanted);
    const apart = (a: Float64Array, b: Float64Array) => a.map((value, j) => Math.abs(value - b[j]));
    worst.logits = apart(got, wanted).reduce((a, b) => Math.max(a, b), worst.logits);
    worst.misplaced = Math.max(worst.misplaced, apart(p, q).reduce((a, b) => a + b) / 2);
  }
  return worst;
}

function softmax(logits: Float64Array): Float64Array {
  const most = logits.reduce((a, b) => Math.max(a, b)), powers = logits.map((x) => Math.exp(x - most));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}
