import { readSystemFile } from "@seed/core";

/** What instructions this machine's processor has, as Linux lists them: programs for processors use what they find. */
export function processorFeatures(): string {
  if (Deno.build.os !== "linux") return Deno.build.arch;
  const listed = readSystemFile("/proc/cpuinfo").match(/^(?:flags|Features)\s*:(.*)$/m)?.[1] ?? "";
  return `${Deno.build.arch}${listed}`;
}
