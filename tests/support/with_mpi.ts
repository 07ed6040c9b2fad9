import { cacheDirectory } from "@seed/core/host";
import { findMpiLibrary, hasMpi } from "../../cli/processes/mpi/mod.ts";

/** Why no test with real processes can run here; null: they can. */
export const WITHOUT_MPI = hasMpi() ? null : "ignored: MPICH has no package for this machine";

/**
 * A test with real processes. The first one installs MPICH, as the first `--processes` does: so that what each process
 * says is not mixed with it.
 */
export function testWithMpi(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: WITHOUT_MPI ? `${name} (${WITHOUT_MPI})` : name,
    ignore: WITHOUT_MPI !== null,
    async fn() {
      await findMpiLibrary({
        cacheDir: `${cacheDirectory()}/mpi`,
        log: () => {},
        signal: new AbortController().signal,
      });
      await fn();
    },
  });
}
