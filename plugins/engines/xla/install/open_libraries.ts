/**
 * NVIDIA's libraries, opened before the plugin by their paths, so that it finds these by their names and no others that
 * the machine has. The plugin itself opens them when they are first used.
 *
 * @module
 */
import { RunError } from "@seed/core";
import { openForGood } from "../driver/open_for_good.ts";

/** In a folder of wheels, in JAX's order; nvJitLink, which cuSPARSE and cuSOLVER need, comes before them. */
export const LIBRARIES: readonly string[] = [
  "nvidia/cu13/lib/libcudart.so.13",
  "nvidia/cu13/lib/libnvJitLink.so.13",
  "nvidia/cu13/lib/libnvrtc.so.13",
  "nvidia/cu13/lib/libcublasLt.so.13",
  "nvidia/cu13/lib/libcublas.so.13",
  "nvidia/nccl/lib/libnccl.so.2",
  "nvidia/cu13/lib/libcupti.so.13",
  "nvidia/cu13/lib/libcusparse.so.12",
  "nvidia/cu13/lib/libcusolver.so.12",
  "nvidia/cu13/lib/libcufft.so.12",
  "nvidia/nvshmem/lib/libnvshmem_host.so.3",
  "nvidia/cudnn/lib/libcudnn.so.9",
];

/**
 * Opens them all, for good.
 *
 * @param site The folder of wheels.
 * @throws {RunError} If one does not load: with what the loader says.
 */
export function openLibraries(
  site: string,
  open: (path: string) => string | null = openForGood,
): void {
  for (const library of LIBRARIES) {
    const path = `${site}/${library}`, fault = open(path);
    if (fault === null) continue;
    throw new RunError(
      `NVIDIA's library "${path}" does not load: ${fault}; remove the folder "${site}" and install it again`,
    );
  }
}
