/**
 * A head that a student takes over from its teacher (Retro, Nguyen and Park, 2024): one linear layer of its own to the
 * width of the teacher's features, and the teacher's projection head, which does not train.
 *
 * @module
 */
import { isHeadName, type TeacherHead, tf } from "@seed/core";
import { batchNormInference, type BatchNormParameters } from "../layers/batch_norm.ts";
import { linear } from "../layers/linear.ts";
import type { ParameterSource } from "../parameters/parameters.ts";

type Row2Row = (x: tf.Tensor2D) => tf.Tensor2D;

/** PyTorch's default. */
const EPSILON = 1e-5;

/** Whether a parameter of such a student's is the teacher's: of its head all but the first layer. */
export function isReused(name: string): boolean {
  return isHeadName(name) && !name.startsWith("head.0.");
}

/**
 * The layers `head.0`, which begins from noise, and `head.1`, `head.2`, ..., which are the teacher's `0`, `1`, ...
 *
 * @param source Marks what {@link isReused} as frozen.
 * @param inputs Width of the student's features.
 */
export function reusedHead(
  source: ParameterSource,
  inputs: number,
  { inputDim, values }: TeacherHead,
): (x: tf.Tensor2D) => tf.Tensor2D {
  const layers: Row2Row[] = [linear(source, "head.0", { inputs, outputs: inputDim })];
  const numbers = [...new Set(values.map(({ name }) => parseInt(name)))].sort((a, b) => a - b);
  let next = 0;
  for (const number of numbers) {
    if (number > next) layers.push((x) => tf.relu(x));
    layers.push(layerOf(source, values, number));
    next = number + 1;
  }
  return (x) => layers.reduce((x, layer) => layer(x), x);
}

function layerOf(source: ParameterSource, values: TeacherHead["values"], number: number): Row2Row {
  const get = (part: string) => {
    const value = values.find(({ name }) => name === `${number}.${part}`);
    if (!value) return null;
    const { kind, tensor } = value, data = tensor.dataSync();
    const isTrainable = !part.startsWith("running_");
    return source.get(`head.${number + 1}.${part}`, kind, tensor.shape, (_, i) => data[i], isTrainable);
  };
  const [weight, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map(get);
  if (!mean || !variance) {
    return (x) => {
      const product = tf.matMul(x, weight as tf.Tensor2D);
      return (bias ? tf.add(product, bias) : product) as tf.Tensor2D;
    };
  }
  return (x) => {
    const scale = weight ?? tf.onesLike(mean), offset = bias ?? tf.zerosLike(mean);
    const parameters = { scale, offset, runningMean: mean, runningVariance: variance };
    return batchNormInference(x, parameters as BatchNormParameters, EPSILON);
  };
}
