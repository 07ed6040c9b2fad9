/**
 * What is the same of entries of files whatever their layout.
 *
 * @module
 */
import type { Layout } from "./layout.ts";

/** The file's names of a network's values, from timm's. */
export function fileNames(
  tensors: ReadonlyMap<string, unknown>,
  { prefix, rename }: Pick<Layout, "prefix" | "rename">,
): (name: string) => string {
  const has = (name: string) => tensors.has(prefix + name);
  return (name) => prefix + (rename?.(name, has) ?? name);
}

/** Whether an entry of a file has a shape, both in PyTorch's layout. */
export function isShape(found: readonly number[], expected: readonly number[]): boolean {
  return matrixShape(found).join() === matrixShape(expected).join();
}

/** A linear layer's weight is a convolution's of a single pixel, and the other way about: publishers differ. */
function matrixShape(shape: readonly number[]): readonly number[] {
  return shape.length === 4 && shape[2] === 1 && shape[3] === 1 ? shape.slice(0, 2) : shape;
}

/** PyTorch's batch norms count their batches; nothing that computes uses the count. */
export function isBatchCount(name: string): boolean {
  return name.endsWith(".num_batches_tracked");
}
