/** Where Linux keeps shared memory that has a name. */
const FOLDER = "/dev/shm";

/**
 * Removes the names of the memory that MPICH's processes on this machine share. MPICH removes them when a process ends
 * in the proper way; one that is killed would leave some megabytes for ever. Who has opened the memory keeps it.
 *
 * @param job The job's name for PMI.
 */
export async function removeSharedMemory(job: string): Promise<void> {
  if (Deno.build.os !== "linux") return;
  // MPICH up to 5.0 takes the job's name; later ones add how often MPI was begun.
  const ours = new RegExp(`^mpich_(shm|vci)_(${idOf(job)}|${idOf(`${job}-1`)})_\\d+$`);
  for await (const { name } of Deno.readDir(FOLDER)) {
    if (!ours.test(name)) continue;
    try {
      await Deno.remove(`${FOLDER}/${name}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // another process has just removed it
    }
  }
}

/** The number in the names, in hexadecimal: FNV-1a of 32 bits (`MPIR_pmi_init` and `posix_init.c` of MPICH). */
function idOf(name: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16);
}
