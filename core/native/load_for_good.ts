/**
 * Loading native libraries with more say than `Deno.dlopen` gives, through the C library's own functions.
 *
 * @module
 */

const STDERR = 2, WRITE_ONLY = 1;
const RTLD_LAZY = 1, RTLD_NODELETE = 0x1000;

/**
 * Loads a library for good, before `Deno.dlopen` opens it. Deno unloads its libraries when a worker or the process
 * ends, and many do not survive that: handlers that they have registered for the end of the process (TensorFlow's), or
 * calls that still wait on another thread (MPI's), then run in memory that is gone. On Linux; elsewhere it does nothing.
 *
 * @param path As it is given to `Deno.dlopen`. A library that cannot be loaded is no error here: `Deno.dlopen` tells
 *   the reason.
 * @param options.quiet Lets the library log nothing on standard error while it initialises. Default: false.
 */
export function loadForGood(path: string, options: { quiet?: boolean } = {}): void {
  if (Deno.build.os !== "linux") return;
  const libc = Deno.dlopen("libc.so.6", {
    dlopen: { parameters: ["buffer", "i32"], result: "pointer" },
    dup: { parameters: ["i32"], result: "i32" },
    dup2: { parameters: ["i32", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
    open: { parameters: ["buffer", "i32"], result: "i32" },
  });
  const { dlopen, dup, dup2, close, open } = libc.symbols;
  const saved = options.quiet ? dup(STDERR) : -1, nowhere = open(text("/dev/null"), WRITE_ONLY);
  try {
    if (saved >= 0 && nowhere >= 0) dup2(nowhere, STDERR);
    dlopen(text(path), RTLD_LAZY | RTLD_NODELETE);
  } finally {
    if (saved >= 0) dup2(saved, STDERR);
    for (const descriptor of [saved, nowhere]) if (descriptor >= 0) close(descriptor);
    libc.close();
  }
}

function text(value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${value}\0`);
}
