import { ONE_DNN } from "./c_api.ts";

/** What matters of the processor that computes. */
export interface Processor {
  /** Multiplies bf16 numbers natively; without the instructions bf16 is emulated and slower than fp32. */
  readonly bf16: boolean;
  /** Has oneDNN's kernels in bf16. TensorFlow's own, which stand in for them elsewhere, sum in bf16: wrongly. */
  readonly convolvesInBf16: boolean;
  /** Has vectors of 512 bits that do not slow its clock, as the first processors with such had to. */
  readonly wideVectors: boolean;
}

const UNKNOWN = { convolvesInBf16: false, wideVectors: false };

/** Reads it from the operating system; what that does not tell is taken to be absent. */
export async function readProcessor(): Promise<Processor> {
  if (Deno.build.os === "linux") {
    const features = (await Deno.readTextFile("/proc/cpuinfo")).match(/^(?:flags|Features)\s*:(.*)$/m)?.[1] ??
      "";
    const has = (...names: string[]) => names.some((name) => ` ${features} `.includes(` ${name} `));
    // x86: avx512_bf16, amx_bf16; arm64: bf16.
    const x86 = has("avx512_bf16", "amx_bf16");
    return {
      bf16: x86 || has("bf16"),
      convolvesInBf16: x86 && Deno.env.get(ONE_DNN) !== "0",
      wideVectors: has("avx512_bf16"),
    };
  }
  if (Deno.build.os === "darwin") {
    const { stdout } = await new Deno.Command("sysctl", { args: ["-n", "hw.optional.arm.FEAT_BF16"] })
      .output();
    return { bf16: new TextDecoder().decode(stdout).trim() === "1", ...UNKNOWN };
  }
  return { bf16: false, ...UNKNOWN }; // Windows does not tell without native code.
}
