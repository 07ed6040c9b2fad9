/**
 * Noisy clusters as embeddings. The twin of clusters.py.
 *
 * @module
 */
import type { EmbeddedSet } from "@seed/core";
import { uniform } from "./formula.ts";

export const DIM = 8, CLASSES = 5;

/** Row i is a noisy, scaled copy of the centre of class i % CLASSES. */
export function clusters(name: string, rows: number): Float32Array {
  const centres = uniform("centres", [CLASSES, DIM]), noise = uniform(name, [rows, DIM]);
  const scale = uniform(`${name}.scale`, [rows, 1], 0.5, 2);
  return noise.map((value, i) => {
    const row = Math.floor(i / DIM), centre = centres[(row % CLASSES) * DIM + i % DIM];
    return (centre + value) * scale[row];
  });
}

/** Rows as an evaluator sees them. */
export function labelled(features: Float32Array, label: (row: number) => number): EmbeddedSet {
  const image = () => ({ name: "", file: "" });
  return { features, featureDim: DIM, images: { length: features.length / DIM, image, label } };
}
