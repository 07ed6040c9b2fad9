/**
 * One run in several processes, by MPI: the standard that clusters have.
 *
 * @module
 */
export { findMpiLibrary, hasMpi, MPICH_VERSION } from "./library.ts";
export { Mpi } from "./mpi.ts";
export { talkByTcp } from "./network.ts";
export { PATIENCE } from "./pmi_job.ts";
export { PmiServer, tellJoined } from "./pmi_server.ts";
export { MpiProcesses } from "./mpi_processes.ts";
export { removeSharedMemory } from "./shared_memory.ts";
