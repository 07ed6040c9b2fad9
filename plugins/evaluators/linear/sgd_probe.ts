import { crossEntropy, type Engine, ProgressLine, Random, rateOfEpoch, Sgd, tf } from "@seed/core";
import type { LabelledRows, LinearClassifier } from "./logistic_regression.ts";

/** MoCo's linear classification (He et al., CVPR 2020, section 4.1, and its `main_lincls.py`). */
export interface SgdProbeOptions {
  lr: number;
  batch_size: number;
  epochs: number;
  /** Epochs after which the rate is a tenth of what it was. */
  drops: readonly number[];
}

/** PyTorch's momentum; there is no weight decay. */
const MOMENTUM = 0.9;

/**
 * Trains a linear classifier by stochastic gradient descent on features that stay the same.
 *
 * @param options.order The rows of an epoch in the order that they are seen in; default: at random by `seed`. Rows that
 *   do not fill the last batch are left out of the epoch.
 * @param options.signal Aborted: stops before the next batch, with the signal's reason as the error.
 * @param options.start Weights to begin with, `[dim, classes]` row-major; default: normal around 0, deviation 0.01.
 */
export async function sgdProbe(
  engine: Engine,
  { data, dim, labels }: LabelledRows,
  classes: number,
  options: SgdProbeOptions & {
    seed: number;
    order?: (epoch: number) => ArrayLike<number>;
    start?: Float32Array;
    signal?: AbortSignal;
  },
): Promise<LinearClassifier> {
  const { seed, lr, batch_size, epochs, drops } = options, size = Math.min(batch_size, labels.length);
  const order = options.order ??
    ((epoch: number) => new Random(seed, "linear probe", "epoch", epoch).permutation(labels.length));
  const variables = tf.tidy(() => {
    const start = options.start ?? normal(new Random(seed, "linear probe", "start"), dim * classes);
    return [tf.variable(tf.tensor2d(start, [dim, classes])), tf.variable(tf.zeros([classes]))];
  });
  const [weight, bias] = variables;
  using optimizer = new Sgd([
    { name: "weight", kind: "linear", variable: weight, trainable: true },
    { name: "bias", kind: "vector", variable: bias, trainable: true },
  ], { momentum: MOMENTUM, weightDecay: 0 });
  using step = engine.trace((...inputs) => {
    const [x, y, rate] = inputs;
    const targets = tf.oneHot(y as tf.Tensor1D, classes);
    const { value, grads } = tf.variableGrads(() => {
      const logits = tf.add(tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D), bias);
      return crossEntropy(logits, targets);
    }, variables);
    optimizer.update(variables.map(({ name }) => grads[name]), [rate]);
    return [value];
  }, { name: "linear probe" });
  const all = tf.tensor2d(data, [labels.length, dim]);
  using progress = new ProgressLine("Linear probe", { total: epochs, unit: "epochs" });
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      const rows = order(epoch), epochRate = rateOfEpoch(epoch, { lr, schedule: "steps", epochs, drops });
      for (let first = 0; first + size <= labels.length; first += size) {
        options.signal?.throwIfAborted();
        const batch = Int32Array.from({ length: size }, (_, i) => rows[first + i]);
        const [x, y, rate] = tf.tidy(() => [
          tf.gather(all, batch),
          tf.tensor1d(batch.map((row) => labels[row]), "int32"),
          tf.scalar(epochRate),
        ]);
        tf.dispose([await step.call(x, y, rate), x, y, rate]);
      }
      progress.update(epoch + 1);
    }
    const parameters = Float64Array.from([...await weight.data(), ...await bias.data()]);
    return { dim, classes, parameters };
  } finally {
    tf.dispose([all, ...variables]);
  }
}

function normal(random: Random, count: number): Float32Array {
  return Float32Array.from({ length: count }, () => random.normal(0, 0.01));
}
