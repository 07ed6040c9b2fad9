/**
 * Runs `body` with the process's standard error closed to native code: TensorFlow logs two lines while its library
 * initialises, before any log level can be set. Errors of `body` are thrown as ever.
 */
export function withQuietStderr<T>(body: () => T): T {
  if (Deno.build.os !== "linux") return body();
  const libc = Deno.dlopen("libc.so.6", {
    dup: { parameters: ["i32"], result: "i32" },
    dup2: { parameters: ["i32", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
    open: { parameters: ["buffer", "i32"], result: "i32" },
  });
  const { dup, dup2, close, open } = libc.symbols;
  const saved = dup(STDERR), nowhere = open(new TextEncoder().encode("/dev/null\0"), WRITE_ONLY);
  try {
    if (saved >= 0 && nowhere >= 0) dup2(nowhere, STDERR);
    return body();
  } finally {
    if (saved >= 0) dup2(saved, STDERR);
    for (const descriptor of [saved, nowhere]) if (descriptor >= 0) close(descriptor);
    libc.close();
  }
}

const STDERR = 2, WRITE_ONLY = 1;
