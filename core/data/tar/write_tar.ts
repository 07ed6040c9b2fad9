import { BLOCK, sumOf } from "./header.ts";

/** The end mark of an archive: two blocks of zeros. */
export const TAR_END: Uint8Array = new Uint8Array(2 * BLOCK);

/**
 * A file as it stands in an archive: ustar, with a pax header before it where the name needs one.
 *
 * @param name Its path, with `/` between parts.
 * @returns what comes one after the other: headers, content, zeros up to the next block.
 */
export function tarMember(name: string, content: Uint8Array): Uint8Array[] {
  const encoded = new TextEncoder().encode(name);
  const isPlain = encoded.length <= 100 && encoded.length === name.length;
  const chunks = [header(isPlain ? encoded : asciiPart(name), content.length, "0")];
  if (!isPlain) chunks.unshift(...paxHeader(name));
  return [...chunks, content, padding(content.length)];
}

/** Bytes that {@link tarMember}'s chunks take. */
export function sizeOfChunks(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}

/** What readers that know no pax show. */
function asciiPart(name: string): Uint8Array {
  return new TextEncoder().encode(name.replaceAll(/[^ -~]/g, "_").slice(-100));
}

function paxHeader(name: string): Uint8Array[] {
  const bytes = new TextEncoder().encode(paxRecord("path", name));
  return [header(new TextEncoder().encode("pax"), bytes.length, "x"), bytes, padding(bytes.length)];
}

/** `LENGTH KEY=VALUE\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`, bytes = new TextEncoder().encode(rest).length;
  let length = bytes;
  while (length !== bytes + `${length}`.length) length = bytes + `${length}`.length;
  return `${length}${rest}`;
}

/** Readable by all, of no owner and no time, so that the same files give the same archive. */
function header(name: Uint8Array, size: number, type: string): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, text: string) => block.set(new TextEncoder().encode(text), at);
  block.set(name);
  put(100, "0000644\0");
  put(108, "0000000\0");
  put(116, "0000000\0");
  put(124, `${size.toString(8).padStart(11, "0")}\0`);
  put(136, "00000000000\0");
  put(156, type);
  put(257, "ustar\x0000");
  put(148, `${sumOf(block).toString(8).padStart(6, "0")}\0 `);
  return block;
}

function padding(size: number): Uint8Array {
  return new Uint8Array((BLOCK - size % BLOCK) % BLOCK);
}
