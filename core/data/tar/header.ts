import { quoted } from "../../text/printable.ts";

/** Archives are made of blocks of so many bytes. */
export const BLOCK = 512;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const LATIN1 = new TextDecoder("latin1");

/** Where the fields of a header are: first byte and length. */
const FIELDS = {
  name: [0, 100],
  size: [124, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 6],
  prefix: [345, 155],
} as const;

/** What a header says. */
export interface TarHeader {
  /** As it stands there. */
  readonly name: string;
  readonly size: number;
  /** `0`: a file. The old NUL is given as `0` too. */
  readonly type: string;
}

/**
 * @param block `[512]`, not all zeros.
 * @throws {Error} If it is no header; the message says why.
 */
export function parseHeader(block: Uint8Array): TarHeader {
  const field = (name: keyof typeof FIELDS) => {
    const [start, length] = FIELDS[name];
    return block.subarray(start, start + length);
  };
  checkSum(block, parseNumber(field("checksum"), "checksum"));
  // GNU's own headers have other fields where ustar's have the first part of a long name.
  const prefix = decodeText(field("magic")) === "ustar" ? decodeText(field("prefix")) : "";
  const name = decodeText(field("name")), [type] = field("type");
  return {
    name: prefix ? `${prefix}/${name}` : name,
    size: parseNumber(field("size"), "size"),
    type: type === 0 ? "0" : String.fromCharCode(type),
  };
}

/** The sum of a header's bytes, its own field taken as blanks. */
export function sumOf(block: Uint8Array): number {
  const [start, length] = FIELDS.checksum;
  let sum = 32 * length; // a loop: an archive may have millions of headers
  for (let i = 0; i < BLOCK; i++) if (i < start || i >= start + length) sum += block[i];
  return sum;
}

function checkSum(block: Uint8Array, told: number): void {
  const sum = sumOf(block);
  // Some old writers took bytes as signed.
  if (told === sum || told === sum - 256 * block.filter((byte) => byte > 127).length) return;
  throw new Error(`the header's checksum is ${told}, expected ${sum}: it is no header, or damaged`);
}

/** Octal text, or GNU's binary form for what is too large for that. */
function parseNumber(field: Uint8Array, name: string): number {
  if (field[0] === 0x80) {
    const value = field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
    if (Number.isSafeInteger(value)) return value;
  }
  const text = LATIN1.decode(field).replace(/\0.*$/s, "").trim();
  if (/^[0-7]+$/.test(text)) return parseInt(text, 8);
  throw new Error(`the header's ${name} is ${quoted(text)}, expected an octal number`);
}

/**
 * UTF-8 text up to the first NUL.
 *
 * @throws {Error} If it is not UTF-8.
 */
export function decodeText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0), text = end < 0 ? bytes : bytes.subarray(0, end);
  try {
    return UTF8.decode(text);
  } catch {
    throw new Error("a name in the header is not UTF-8");
  }
}
