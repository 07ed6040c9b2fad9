/** The records of a pax header that say where and how large a file is. */
export interface PaxRecords {
  readonly name?: string;
  readonly size?: number;
}

/**
 * Reads `LENGTH KEY=VALUE\n` records.
 *
 * @throws {Error} If they are not of that form, or are of a sparse file.
 */
export function parsePax(bytes: Uint8Array): PaxRecords {
  const found: { name?: string; size?: number } = {};
  for (let at = 0; at < bytes.length;) {
    const blank = bytes.indexOf(32, at), length = Number(ascii(bytes.subarray(at, blank)));
    const isWhole = blank > at && Number.isInteger(length) && at + length <= bytes.length;
    if (!isWhole || at + length <= blank || bytes[at + length - 1] !== 10) {
      throw new Error(`its pax records are damaged at their byte ${at}`);
    }
    const record = bytes.subarray(blank + 1, at + length - 1), equals = record.indexOf(61);
    Object.assign(found, meaningOf(ascii(record.subarray(0, equals)), record.subarray(equals + 1)));
    at += length;
  }
  return found;
}

function meaningOf(key: string, value: Uint8Array): PaxRecords {
  if (key === "path") return { name: utf8(value) };
  if (key.startsWith("GNU.sparse")) throw new Error("it is a sparse file; make the archive without --sparse");
  if (key !== "size") return {};
  const text = ascii(value), size = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(size)) return { size };
  throw new Error(`its pax size is "${text}", expected a number`);
}

function ascii(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error("its pax path is not UTF-8");
  }
}
