const RTLD_NOW = 2, RTLD_NODELETE = 0x1000;

/**
 * Loads a library, by its path or its name, and keeps it: neither NVIDIA's driver nor what XLA opens is made to be
 * unloaded, as Deno does at the end of a process. On Linux.
 *
 * @returns what the loader says is wrong; null: it is loaded.
 */
export function openForGood(library: string): string | null {
  const libc = Deno.dlopen("libc.so.6", {
    dlopen: { parameters: ["buffer", "i32"], result: "pointer" },
    dlerror: { parameters: [], result: "pointer" },
  });
  try {
    const name = new TextEncoder().encode(`${library}\0`);
    if (libc.symbols.dlopen(name, RTLD_NOW | RTLD_NODELETE) !== null) return null;
    const message = libc.symbols.dlerror();
    return message === null ? "the loader does not say why" : Deno.UnsafePointerView.getCString(message);
  } finally {
    libc.close();
  }
}
