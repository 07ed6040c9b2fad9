import { cacheDirectory } from "@seed/core/host";
import { findInstalledMpi } from "../../cli/processes/mpi/mod.ts";

const MPI = await findInstalledMpi({ cacheDir: `${cacheDirectory()}/mpi` });

/** A test with real processes. MPICH is installed at the first `--processes`, and by no test. */
export function testWithMpi(name: string, fn: () => Promise<void>): void {
  const why = "ignored: MPICH is not installed; distill --processes installs it";
  Deno.test({ name: MPI ? name : `${name} (${why})`, ignore: MPI === null, fn });
}
