/** More processes than this are no longer a laptop's or a workstation's; clusters have `mpiexec` and `srun`. */
export const MOST_PROCESSES = 256;
