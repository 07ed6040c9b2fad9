import { writeAtomically, writeTextAtomically } from "@seed/core";
import { lineIndexOf } from "./line_starts.ts";

/** An image to write. */
export interface TsvImage {
  readonly bytes: Uint8Array;
  /** Name of its class, without tab and newline; empty: none. */
  readonly label: string;
}

/**
 * Writes images as lines of label, tab, base64, and their index beside it.
 *
 * @param path Ends in `.tsv`.
 */
export async function writeTsv(images: AsyncIterable<TsvImage>, path: string): Promise<void> {
  const starts: number[] = [];
  async function* lines(): AsyncGenerator<Uint8Array> {
    let at = 0;
    for await (const { label, bytes } of images) {
      const line = new TextEncoder().encode(`${label}\t${bytes.toBase64()}\n`);
      starts.push(at);
      at += line.length;
      yield line;
    }
  }
  await writeAtomically(path, lines());
  await writeTextAtomically(lineIndexOf(path), starts.map((start) => `${start}\n`).join(""));
}
