import { isHeadName } from "../training/freeze.ts";
import type { Parameter, ParameterKind, Student } from "../interfaces/student.ts";
import { Random } from "../random.ts";
import { tf } from "../tf.ts";

const FEATURES = 8;

/**
 * A student that trains in a moment, for checks of objectives: a convolution, the mean over its places, and a head of
 * one layer. Takes pictures of any side, and batches of any size; the caller disposes of it.
 *
 * @param options.seed Of its initial values.
 * @param options.embeddingDim Default 6.
 * @param options.frozenHead True: for an objective that does not look at embeddings, so that the head cannot learn.
 */
export function smallStudent(
  { seed, embeddingDim = 6, frozenHead = false }: {
    seed: number;
    embeddingDim?: number;
    frozenHead?: boolean;
  },
): Student {
  const parameters: Parameter[] = [];
  const add = <R extends tf.Rank>(
    name: string,
    kind: ParameterKind,
    shape: tf.ShapeMap[R],
    deviation: number,
  ) => {
    const random = new Random(seed, "small student", name), size = shape.reduce((a, b) => a * b, 1);
    const values = Float32Array.from({ length: size }, () => deviation * random.normal());
    const variable = tf.tidy(() => tf.variable(tf.tensor(values, shape))) as tf.Variable<R>;
    const isFrozen = frozenHead && isHeadName(name);
    parameters.push({ name, kind, variable, trainable: true, ...isFrozen && { frozen: true } });
    return variable;
  };
  const kernel = add<tf.Rank.R4>("conv1.weight", "conv", [3, 3, 3, FEATURES], 0.3);
  const shift = add<tf.Rank.R1>("conv1.bias", "vector", [FEATURES], 0.1);
  const head = add<tf.Rank.R2>("head.0.weight", "linear", [FEATURES, embeddingDim], 0.5);
  const bias = add<tf.Rank.R1>("head.0.bias", "vector", [embeddingDim], 0.1);
  return {
    ...{ network: "small_student", featureDim: FEATURES, embeddingDim, parameters },
    ...{ mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    mapDim: FEATURES,
    forward(images, { map = false }) {
      const pixels = tf.div(tf.sub(images, 127.5), 63.75) as tf.Tensor4D;
      const maps = tf.elu(tf.add(tf.conv2d(pixels, kernel, 2, "same"), shift));
      const features = tf.mean(maps, [1, 2]) as tf.Tensor2D;
      const embedding = tf.add(tf.matMul(features, head), bias) as tf.Tensor2D;
      return { features, embedding, ...map && { map: maps as tf.Tensor4D } };
    },
    [Symbol.dispose]: () => parameters.forEach(({ variable }) => variable.dispose()),
  };
}
