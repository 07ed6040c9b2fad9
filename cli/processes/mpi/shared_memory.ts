/**
 * Removes the names of the memory that MPICH's processes on this machine share. MPICH removes them when a process ends
 * in the proper way; one that is killed would leave some megabytes for ever. Who has opened the memory keeps it.
 *
 * @param job The job's name for PMI.
 * @param machines How many the job has; the names have the number of theirs.
 */
export async function removeSharedMemory(job: string, machines: number): Promise<void> {
  if (Deno.build.os !== "linux") return;
  // MPICH up to 5.0 takes the job's name; later ones add how often MPI was begun.
  for (const id of [idOf(job), idOf(`${job}-1`)]) {
    for (let machine = 0; machine < machines; machine++) {
      for (const what of ["shm", "vci"]) await removeIfThere(`/dev/shm/mpich_${what}_${id}_${machine}`);
    }
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The number in the names, in hexadecimal: FNV-1a of 32 bits (`MPIR_pmi_init` and `posix_init.c` of MPICH). */
function idOf(name: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16);
}
