/**
 * What is the same of entries of files whatever their layout.
 *
 * @module
 */

/** A linear layer's weight is a convolution's of a single pixel, and the other way about: publishers differ. */
export function matrixShape(shape: readonly number[]): readonly number[] {
  return shape.length === 4 && shape[2] === 1 && shape[3] === 1 ? shape.slice(0, 2) : shape;
}

/** PyTorch's batch norms count their batches; nothing that computes uses the count. */
export function isBatchCount(name: string): boolean {
  return name.endsWith(".num_batches_tracked");
}
