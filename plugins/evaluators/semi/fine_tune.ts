import {
  crossEntropy,
  type Engine,
  type ImageReference,
  isHeadName,
  ProgressLine,
  Random,
  rateOfEpoch,
  Sgd,
  type Student,
  tf,
  type ViewMaker,
} from "@seed/core";

/** SwAV's fine-tuning (Caron et al., NeurIPS 2020, and its `eval_semisup.py`). */
export interface FineTuneOptions {
  epochs: number;
  batch_size: number;
  /** Rates of the backbone and of the classifier. */
  lr: number;
  head_lr: number;
  /** Epochs after which both rates are a fifth. */
  drops: readonly number[];
}

/** PyTorch's momentum; there is no weight decay. */
const MOMENTUM = 0.9, DROP = 0.2;

/** A backbone with a classifier on its features. */
export class FineTuned implements Disposable {
  readonly #weight: tf.Variable;
  readonly #bias: tf.Variable;

  constructor(private readonly student: Student, classes: number, seed: number) {
    const random = new Random(seed, "semi", "classifier"), { featureDim } = student;
    const start = Float32Array.from({ length: featureDim * classes }, () => random.normal(0, 0.01));
    [this.#weight, this.#bias] = tf.tidy(() => [
      tf.variable(tf.tensor2d(start, [featureDim, classes])),
      tf.variable(tf.zeros([classes])),
    ]);
  }

  /** Scores of the classes, `[batch, classes]`. */
  scores(images: tf.Tensor4D, training: boolean): tf.Tensor2D {
    const { features } = this.student.forward(images, { training });
    return tf.add(tf.matMul(features, this.#weight as tf.Tensor2D), this.#bias) as tf.Tensor2D;
  }

  /**
   * Trains on labelled images, all of them, backbone and classifier.
   *
   * @param options.view Key of an image's view in an epoch.
   */
  async train(
    { engine, views, signal }: { engine: Engine; views: ViewMaker; signal: AbortSignal },
    images: readonly { image: ImageReference; label: number }[],
    options: FineTuneOptions & { size: number; seed: number },
  ): Promise<void> {
    const { size, seed, epochs, drops } = options, batch = Math.min(options.batch_size, images.length);
    // The projection head has no part in it.
    const backbone = this.student.parameters.filter(({ name }) => !isHeadName(name));
    using trunk = new Sgd(backbone, { momentum: MOMENTUM, weightDecay: 0 });
    using head = new Sgd([
      { name: "weight", kind: "linear", variable: this.#weight, trainable: true },
      { name: "bias", kind: "vector", variable: this.#bias, trainable: true },
    ], { momentum: MOMENTUM, weightDecay: 0 });
    const trained = [...trunk.trained, ...head.trained].map(({ variable }) => variable);
    using step = engine.trace((...inputs) => {
      const [pixels, targets, rate, headRate] = inputs;
      const { value, grads } = tf.variableGrads(() => {
        return crossEntropy(this.scores(pixels as tf.Tensor4D, true), targets);
      }, trained);
      trunk.update(trunk.trained.map(({ variable }) => grads[variable.name]), [rate]);
      head.update(head.trained.map(({ variable }) => grads[variable.name]), [headRate]);
      return [value];
    }, { name: "fine-tuning step" });
    const classes = this.#bias.shape[0]!, stepsPerEpoch = Math.floor(images.length / batch);
    using progress = new ProgressLine("Fine-tuning", { total: epochs * stepsPerEpoch, unit: "steps" });
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = new Random(seed, "semi", "epoch", epoch).permutation(images.length);
      const schedule = { schedule: "steps", epochs, drops, dropFactor: DROP } as const;
      const rates = [options.lr, options.head_lr].map((lr) =>
        tf.scalar(rateOfEpoch(epoch, { lr, ...schedule }))
      );
      const batches: number[][] = [];
      for (let first = 0; first + batch <= images.length; first += batch) {
        batches.push(Array.from(order.slice(first, first + batch)));
      }
      const requests = batches.map((rows) => ({
        images: rows.map((row) => images[row].image),
        keys: rows.map((row) => [seed, "semi", "view", row, epoch]),
        ...{ size, augmenter: "crops" },
      }));
      let number = 0;
      for await (const { pixels } of views.batches(requests)) {
        signal.throwIfAborted();
        const labels = batches[number++].map((row) => images[row].label);
        const input = engine.upload(pixels, [batch, size, size, 3]);
        const targets = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, "int32"), classes), "float32"));
        tf.dispose([await step.call(input, targets, ...rates), input, targets]);
        progress.update(epoch * stepsPerEpoch + number);
      }
      tf.dispose(rates);
    }
  }

  [Symbol.dispose](): void {
    tf.dispose([this.#weight, this.#bias]);
  }
}
