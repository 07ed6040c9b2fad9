import { RunError, unpackPackage } from "@seed/core";

/** Version that is installed, and that is tested with. */
export const MPICH_VERSION = "5.0.2";

/** By `os-arch`: MPICH's own wheels. */
const WHEELS: Record<string, { platform: string; sha256: string }> = {
  "linux-x86_64": {
    platform: "manylinux_2_28_x86_64",
    sha256: "8fed465ebff269ea2ebac179a25de02671ddf8df476e0f115be089015015cfd4",
  },
};

/** What finds a library. */
export interface LibraryOptions {
  cacheDir: string;
  log(message: string): void;
  signal: AbortSignal;
}

/**
 * The MPI library: what `MPI_LIBRARY` names (a cluster's own, which must fit the program that starts the processes), or
 * MPICH, which is installed if need be.
 *
 * @throws {RunError} If there is none for this machine, or it cannot be fetched.
 */
export async function findMpiLibrary({ cacheDir, log, signal }: LibraryOptions): Promise<string> {
  const named = Deno.env.get("MPI_LIBRARY");
  if (named) return named;
  const place = placeIn(cacheDir);
  if (!place) {
    throw new RunError(
      `MPICH ${MPICH_VERSION} has no wheel for "${machine()}"; install an MPI of version 3 or later and name its ` +
        "library by MPI_LIBRARY, for example /usr/lib/libmpi.so.12",
    );
  }
  const { into, library, platform, sha256 } = place;
  await unpackPackage({
    ...{ name: "mpich", version: MPICH_VERSION, sha256: [sha256], into, expect: [library], log, signal },
    pipArguments: ["--platform", platform],
  });
  return `${into}/${library}`;
}

/** Whether {@link findMpiLibrary} finds one on this machine, or can install it. */
export function hasMpi(): boolean {
  return Boolean(Deno.env.get("MPI_LIBRARY")) || placeIn("") !== undefined;
}

/** Where MPICH is installed, and its library in there; null: there is none for this machine. */
function placeIn(cacheDir: string) {
  const wheel = WHEELS[machine()];
  return wheel && {
    ...wheel,
    into: `${cacheDir}/mpich-${MPICH_VERSION}-${wheel.platform}`,
    library: `mpich-${MPICH_VERSION}.data/data/lib/libmpi.so.12`,
  };
}

function machine(): string {
  return `${Deno.build.os}-${Deno.build.arch}`;
}
