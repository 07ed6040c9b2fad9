let trim: (() => void) | null = null;

/**
 * Gives memory that was freed back to the operating system. TensorFlow copies a graph's constants several times while
 * it optimises it; the C library keeps what is freed after, a gigabyte with a ResNet-50. Takes a tenth of a second then.
 * Nothing happens where the C library is not glibc.
 */
export function trimMemory(): void {
  trim ??= openTrim();
  trim();
}

function openTrim(): () => void {
  if (Deno.build.os !== "linux") return () => {};
  const { symbols } = Deno.dlopen("libc.so.6", {
    malloc_trim: { parameters: ["usize"], result: "i32", optional: true },
  });
  return () => symbols.malloc_trim?.(0n);
}
