import { AdamW, type Engine, type FitInputs, type Parameter, Random, RunError, tf } from "@seed/core";
import { anglesLoss } from "./angles_loss.ts";

/** How a map is fitted. */
export interface FitOptions {
  engine: Engine;
  seed: number;
  temperatures: readonly number[];
  /** Images that are compared at a time. */
  batch: number;
  steps: number;
  lr: number;
}

/**
 * Fits a linear map to embeddings, so that their cosines stay: Adam on {@link anglesLoss}, from values that depend
 * on the seed alone. The same embeddings give the same map.
 *
 * @param map Its weight, `[teacherDim, dim]`, not trainable in a run.
 * @throws {RunError} If there is but one embedding, which has no angle to another, or the fit diverges.
 */
export async function fitMap(
  map: Parameter,
  { teacherEmbeddings, log, signal }: FitInputs,
  { engine, seed, temperatures, batch, steps, lr }: FitOptions,
): Promise<void> {
  const [images, teacherDim] = teacherEmbeddings.shape, size = Math.min(batch, images);
  if (size < 2) {
    throw new RunError("CosPress fits its map to the angles between images, and there is one image");
  }
  const { variable } = map;
  begin(variable, seed);
  using adam = new AdamW([{ ...map, trainable: true }], {
    betas: [0.9, 0.999],
    epsilon: 1e-8,
    weightDecay: 0,
  });
  using step = engine.trace((all, indices, numbers) => {
    const rows = tf.gather(all as tf.Tensor2D, indices as tf.Tensor1D);
    const loss = (map: tf.Tensor) => anglesLoss(tf.matMul(rows, map as tf.Tensor2D), rows, temperatures);
    const { value, grad } = tf.valueAndGrad(loss)(variable);
    adam.update([grad], tf.unstack(numbers));
    return [value];
  }, { name: "CosPress: fit of the map", training: true });
  const losses: number[] = [], batches = Math.floor(images / size);
  let order: Uint32Array = new Uint32Array();
  for (let i = 0; i < steps; i++) {
    signal.throwIfAborted();
    if (i % batches === 0) order = new Random(seed, "cospress", i / batches).permutation(images);
    const first = (i % batches) * size,
      inputs = [
        tf.tensor1d(Int32Array.from(order.subarray(first, first + size)), "int32"),
        tf.tensor1d(adam.numbers(lr, i)),
      ];
    const [loss] = await step.call(teacherEmbeddings, ...inputs);
    if (i === 0 || i === steps - 1) losses.push((await loss.data())[0]);
    tf.dispose([loss, ...inputs]);
  }
  const [before, after = before] = losses.map((loss) => loss.toPrecision(3));
  if (!Number.isFinite(losses.at(-1))) {
    throw new RunError(
      `CosPress: the divergence that its map is fitted by is ${after} after ${steps} steps, expected a finite ` +
        `number; lower the objective's lr ${lr}, or raise its temperatures`,
    );
  }
  log(
    `CosPress: a map from ${teacherDim} to ${
      variable.shape[1]
    } dimensions is fitted to ${images} images; the ` +
      `divergence of their angles goes from ${before} to ${after} in ${steps} steps`,
  );
}

/** As PyTorch begins a linear layer. */
function begin(map: tf.Variable, seed: number): void {
  const [inputs] = map.shape, random = new Random(seed, "cospress map"), bound = 1 / Math.sqrt(inputs);
  const values = Float32Array.from({ length: map.size }, () => random.uniform(-bound, bound));
  tf.tidy(() => map.assign(tf.tensor(values, map.shape)));
}
