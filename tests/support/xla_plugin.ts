/**
 * XLA's CPU plugins for tests: wheels of others, which hold a shared library of one C function.
 *
 * @module
 */
import { unpackPackage } from "@seed/core";
import { cacheDirectory } from "@seed/core/host";

const PLATFORM = "manylinux_2_27_x86_64";

/** The newer one, which tests compute with, and an old one, for what versions have in common. */
const WHEELS = {
  newer: {
    name: "lammps-jax-pjrt-cpu",
    version: "0.11.2",
    sha256: "1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1",
    library: "lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so",
  },
  older: {
    name: "xla-cpu-pjrt",
    version: "0.0.1",
    sha256: "55837b6b7b47daa717f2d9a5a03563ea0ceaa338d06a81a1e2d3f060d960decc",
    library: "xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so",
  },
};

const HAS_WHEELS = Deno.build.os === "linux" && Deno.build.arch === "x86_64";
const WITHOUT = "ignored: XLA's CPU plugin has no package for this machine";

/** The plugin's file, which is installed in the cache if need be. */
export async function cpuPlugin(which: keyof typeof WHEELS = "newer"): Promise<string> {
  const { name, version, sha256, library } = WHEELS[which];
  const into = `${cacheDirectory()}/seed_engine-xla/${name}-${version}`;
  await unpackPackage({
    ...{ name, version, sha256: [sha256], into, expect: [library] },
    ...{ log: (message: string) => console.error(message), signal: new AbortController().signal },
    pipArguments: ["--platform", PLATFORM],
  });
  return `${into}/${library}`;
}

/** A test that needs XLA's CPU plugin. */
export function testWithXla(name: string, fn: (t: Deno.TestContext) => void | Promise<void>): void {
  Deno.test({ name: HAS_WHEELS ? name : `${name} (${WITHOUT})`, ignore: !HAS_WHEELS, fn });
}
