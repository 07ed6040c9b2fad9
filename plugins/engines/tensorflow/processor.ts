/**
 * Whether the processor multiplies bf16 numbers natively: `auto` precision depends on it, since without the
 * instructions bf16 is emulated and slower than fp32.
 */
export async function hasNativeBf16(): Promise<boolean> {
  if (Deno.build.os === "linux") {
    const text = await Deno.readTextFile("/proc/cpuinfo");
    // x86: avx512_bf16, amx_bf16; arm64: bf16.
    return /^(flags|Features)\s*:.*\b(avx512_bf16|amx_bf16|bf16)\b/m.test(text);
  }
  if (Deno.build.os === "darwin") {
    const { stdout } = await new Deno.Command("sysctl", { args: ["-n", "hw.optional.arm.FEAT_BF16"] })
      .output();
    return new TextDecoder().decode(stdout).trim() === "1";
  }
  return false; // Windows does not tell without native code.
}
