/**
 * What the operating system tells of the machine, through the C library. Deno has `/proc` read by nobody who is not
 * allowed everything; engines call native code in any case.
 *
 * @module
 */

/** Bytes that are read at a time. */
const PIECE = 1 << 16;

/**
 * The text of a file that the system makes up, on Linux.
 *
 * @throws {Error} If it cannot be read.
 */
export function readSystemFile(path: string): string {
  const libc = Deno.dlopen("libc.so.6", {
    fopen: { parameters: ["buffer", "buffer"], result: "pointer" },
    fread: { parameters: ["buffer", "usize", "usize", "pointer"], result: "usize" },
    fclose: { parameters: ["pointer"], result: "i32" },
  });
  const { fopen, fread, fclose } = libc.symbols, file = fopen(text(path), text("r"));
  try {
    if (file === null) throw new Error(`Cannot read "${path}"`);
    const decoder = new TextDecoder(), piece = new Uint8Array(PIECE);
    let all = "";
    for (let length = 1; length > 0;) {
      length = Number(fread(piece, 1n, BigInt(PIECE), file));
      all += decoder.decode(piece.subarray(0, length), { stream: true });
    }
    return all;
  } finally {
    if (file !== null) fclose(file);
    libc.close();
  }
}

/** A whole number by its name in `sysctl`, on macOS; null: this machine has none of the name. */
export function systemControl(name: string): number | null {
  const system = Deno.dlopen("/usr/lib/libSystem.B.dylib", {
    sysctlbyname: { parameters: ["buffer", "buffer", "buffer", "pointer", "usize"], result: "i32" },
  });
  try {
    const value = new Int32Array(1), size = BigUint64Array.of(BigInt(value.byteLength));
    return system.symbols.sysctlbyname(text(name), value, size, null, 0n) === 0 ? value[0] : null;
  } finally {
    system.close();
  }
}

function text(value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${value}\0`);
}
