import { tf } from "@seed/core";
import { createPlugin, type Host, pluginContext, type Recipe } from "@seed/core/host";
import { EagerEngine } from "@seed/engine-eager";

/** A number a channel, RGB. */
export type Channels = readonly [number, number, number];

/** What the pixels of views are like, in 0..1, and after the student's normalisation. */
export interface ChannelFigures {
  mean: Channels;
  std: Channels;
  /** What the student subtracts, and divides by. */
  student: { mean: Channels; std: Channels };
  normalized: { mean: Channels; std: Channels };
}

/** Adds up pixels, channel by channel. */
export class ChannelSums {
  readonly #sums = new Float64Array(3);
  readonly #squares = new Float64Array(3);
  #pixels = 0;

  /** @param pixels `[..., 3]` uint8 RGB. */
  add(pixels: Uint8Array): void {
    for (let i = 0; i < pixels.length; i++) {
      this.#sums[i % 3] += pixels[i];
      this.#squares[i % 3] += pixels[i] * pixels[i];
    }
    this.#pixels += pixels.length / 3;
  }

  /** Of everything that was added. */
  figures(student: { mean: Channels; std: Channels }): ChannelFigures {
    const mean = channels((c) => this.#sums[c] / this.#pixels / 255);
    const std = channels((c) =>
      Math.sqrt(Math.max(0, this.#squares[c] / this.#pixels / 255 ** 2 - mean[c] ** 2))
    );
    const normalized = {
      mean: channels((c) => (mean[c] - student.mean[c]) / student.std[c]),
      std: channels((c) => std[c] / student.std[c]),
    };
    return { mean, std, student, normalized };
  }
}

function channels(of: (channel: number) => number): Channels {
  return [of(0), of(1), of(2)];
}

/** What the recipe's student normalises by: it is made for a moment, without the recipe's engine. */
export async function studentInput(recipe: Recipe, host: Host): Promise<{ mean: Channels; std: Channels }> {
  tf.enableProdMode(); // no advice on backends from tfjs
  await using engine = await EagerEngine.open();
  const context = pluginContext(recipe.student, recipe.seed, host);
  const teacherHead = { inputDim: 1, values: [] }; // any will do
  using student = await createPlugin(recipe.student, { ...context, engine, embeddingDim: null, teacherHead });
  return { mean: student.mean, std: student.std };
}
