/**
 * A teacher in one file, outside of SEED: it sees a picture as the mean colours of a coarse grid. Copy it wherever
 * you like, put your own network in its place, and name it in a recipe by its path from the recipe:
 *
 * ```yaml
 * teacher: { plugin: "./my_plugin.ts", cells: 4 }
 * ```
 *
 * @module
 */
import { definePlugin, type Engine, type Teacher, tf, type TracedFunction, z } from "@seed/core";

class ColorGridTeacher implements Teacher {
  readonly embeddingDim: number;
  /** Views come at the augmenter's size; with a number here they would be rendered at that size as well. */
  readonly inputSize = null;
  /** Nothing comes from a file; otherwise its path and SHA-256, for `run.json`. */
  readonly weights = null;
  /** By the shape of a batch: besides views there are small patches, and last batches that are not full. */
  readonly #traced = new Map<string, TracedFunction>();

  constructor(private readonly engine: Engine, private readonly cells: number) {
    this.embeddingDim = cells * cells * 3;
  }

  async embed(images: tf.Tensor4D): Promise<tf.Tensor2D> {
    const shape = images.shape.join(), traced = this.#traced.get(shape) ?? this.#trace();
    this.#traced.set(shape, traced);
    const [embedding] = await traced.call(images);
    return embedding as tf.Tensor2D;
  }

  /** Traced, a function runs as one operation. Tensors that it closes over (frozen weights) are constants of it. */
  #trace(): TracedFunction {
    return this.engine.trace((images) => [colorGrid(images as tf.Tensor4D, this.cells)], {
      name: "my-plugin",
    });
  }

  [Symbol.dispose](): void {
    for (const traced of this.#traced.values()) traced[Symbol.dispose]();
  }
}

/**
 * @param images `[batch, size, size, 3]` float32 in 0..255, RGB.
 * @returns `[batch, cells * cells * 3]` float32, unit rows.
 */
function colorGrid(images: tf.Tensor4D, cells: number): tf.Tensor2D {
  const cell = Math.floor(images.shape[1] / cells);
  if (cell === 0) throw new Error(tooMany(cells, images.shape[1]));
  const colors = tf.slice(tf.avgPool(images, cell, cell, "valid"), 0, [-1, cells, cells, 3]);
  const rows = tf.reshape(tf.sub(colors, 127.5), [images.shape[0], cells * cells * 3]);
  return tf.div(rows, tf.maximum(tf.norm(rows, 2, 1, true), 1e-12));
}

function tooMany(cells: number, side: number): string {
  return `A view of ${side} px has no ${cells} cells a side; set cells lower`;
}

export default definePlugin({
  kind: "teacher",
  name: "my-plugin", // in messages, and the name of its folder in the cache
  apiVersion: 1,
  about: { summary: "Mean colours of a grid of cells" },
  // Every key that a recipe may write beside `plugin`: checked before anything heavy loads.
  options: z.strictObject({ cells: z.int().min(1).max(16).default(4) }),
  // What options alone say of it, and what is wrong with them in a recipe: `validate` tells it without an engine.
  tells: ({ cells }) => ({ embeddingDim: cells * cells * 3, inputSize: null }),
  check: ({ cells }, { teacherSides }) =>
    teacherSides.filter((side) => side < cells).map((side) => ({
      key: "cells",
      message: tooMany(cells, side),
    })),
  create: ({ cells }, { engine }) => new ColorGridTeacher(engine, cells),
});
