/**
 * Readers for tests of the pipeline: pixels that come from nowhere, and ways to go wrong.
 *
 * @module
 */
import type { ImageReader, ImageReference } from "../../../interfaces/data_source.ts";

let opened = 0;

/** Pixels `[offset, how many readers this thread has opened, red]`. */
export function counting({ red }: { red: number }): ImageReader {
  const number = ++opened;
  return ({ offset }) => Uint8Array.of(offset!, number, red);
}

/** Refuses the images whose offset is odd. */
export async function picky(): Promise<ImageReader> {
  await Promise.resolve();
  return ({ offset }: ImageReference) => {
    if (offset! % 2) throw new Error(`the bucket has no object ${offset}`);
    return Uint8Array.of(1, 2, 3);
  };
}

let isThere = false;

/** Cannot be opened at the first time. */
export function away(): ImageReader {
  if (!isThere) {
    isThere = true;
    throw new Error("no answer");
  }
  return () => Uint8Array.of(1, 2, 3);
}

export const empty = (): ImageReader => () => new Uint8Array(0);
export const text = (): ImageReader => () => "bytes" as unknown as Uint8Array;
export const noFunction = 7;
