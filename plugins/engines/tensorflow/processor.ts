import { ONE_DNN } from "./c_api.ts";
import { readSystemFile, systemControl, UsageError } from "@seed/core";

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
export function readProcessor(): Processor {
  switch (Deno.build.os) {
    case "linux":
      return processorOf(readSystemFile("/proc/cpuinfo"), { oneDnn: isOneDnnOn(Deno.env.get(ONE_DNN)) });
    case "darwin":
      return { bf16: systemControl("hw.optional.arm.FEAT_BF16") === 1, ...UNKNOWN };
    default:
      return { bf16: false, ...UNKNOWN }; // Windows does not tell without native code.
  }
}

/**
 * Whether TensorFlow computes by oneDNN, by the value of its variable as it reads that itself.
 *
 * @param value Undefined: the engine sets it to 1.
 * @throws {UsageError} If TensorFlow would go by its own default, which differs from one processor to another.
 */
export function isOneDnnOn(value: string | undefined): boolean {
  switch (value?.toLowerCase()) {
    case undefined:
    case "1":
    case "true":
      return true;
    case "0":
    case "false":
      return false;
  }
  throw new UsageError(
    `The environment variable ${ONE_DNN} is "${value}", but it has to be 0 or false, 1 or true; set it to one of them, ` +
      "or leave it unset",
  );
}

/**
 * The processor that Linux describes.
 *
 * @param cpuinfo The text of `/proc/cpuinfo`.
 */
export function processorOf(cpuinfo: string, { oneDnn }: { oneDnn: boolean }): Processor {
  const features = cpuinfo.match(/^(?:flags|Features)\s*:(.*)$/m)?.[1] ?? "";
  const has = (...names: string[]) => names.some((name) => ` ${features} `.includes(` ${name} `));
  // x86: avx512_bf16, amx_bf16; arm64: bf16.
  const x86 = has("avx512_bf16", "amx_bf16");
  return { bf16: x86 || has("bf16"), convolvesInBf16: x86 && oneDnn, wideVectors: has("avx512_bf16") };
}
