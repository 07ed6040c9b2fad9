import { writeAtomically, writeTextAtomically } from "@seed/core";
import { lineIndexOf } from "./line_starts.ts";

/** An image to write. */
export interface TsvImage {
  /** What it is called, without tab and newline. SEED's code has such a column, and reads over it. */
  readonly name: string;
  /** Name of its class, without tab and newline; empty: none. SEED's code reads numbers. */
  readonly label: string;
  readonly bytes: Uint8Array;
}

/**
 * Writes images as lines of name, label and base64, with tabs between, and their index beside it.
 *
 * @param path Ends in `.tsv`.
 */
export async function writeTsv(images: AsyncIterable<TsvImage>, path: string): Promise<void> {
  const starts: number[] = [];
  async function* lines(): AsyncGenerator<Uint8Array> {
    let at = 0;
    for await (const { name, label, bytes } of images) {
      const line = new TextEncoder().encode(`${name}\t${label}\t${bytes.toBase64()}\n`);
      starts.push(at);
      at += line.length;
      yield line;
    }
  }
  await writeAtomically(path, lines());
  await writeTextAtomically(lineIndexOf(path), starts.map((start) => `${start}\n`).join(""));
}
