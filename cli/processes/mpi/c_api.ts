/**
 * The calls of MPI that are needed, by FFI. Handles pass as `usize`: they are numbers in MPICH and in MPI 5's own ABI,
 * addresses in Open MPI.
 *
 * @module
 */

/** Where a handle, or a special address, stands in an argument. */
const HANDLE = "usize";

/** Calls of every MPI since version 2.2. Those that wait for other processes run on a thread of their own. */
export const C_API = {
  MPI_Init_thread: { parameters: ["pointer", "pointer", "i32", "buffer"], result: "i32" },
  MPI_Finalize: { parameters: [], result: "i32", nonblocking: true },
  MPI_Abort: { parameters: [HANDLE, "i32"], result: "i32" },
  MPI_Get_library_version: { parameters: ["buffer", "buffer"], result: "i32" },
  MPI_Error_string: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  MPI_Comm_rank: { parameters: [HANDLE, "buffer"], result: "i32" },
  MPI_Comm_size: { parameters: [HANDLE, "buffer"], result: "i32" },
  MPI_Comm_set_errhandler: { parameters: [HANDLE, HANDLE], result: "i32" },
  MPI_Ibarrier: { parameters: [HANDLE, "buffer"], result: "i32" },
  MPI_Test: { parameters: ["buffer", "buffer", HANDLE], result: "i32" },
  MPI_Bcast: { parameters: ["buffer", "i32", HANDLE, "i32", HANDLE], result: "i32", nonblocking: true },
  MPI_Allgatherv: {
    parameters: ["buffer", "i32", HANDLE, "buffer", "buffer", "buffer", HANDLE, HANDLE],
    result: "i32",
    nonblocking: true,
  },
  MPI_Alltoallv: {
    parameters: ["buffer", "buffer", "buffer", HANDLE, "buffer", "buffer", "buffer", HANDLE, HANDLE],
    result: "i32",
    nonblocking: true,
  },
  MPI_Reduce_local: { parameters: ["buffer", "buffer", "i32", HANDLE, HANDLE], result: "i32" },
  MPI_Isend: { parameters: ["buffer", "i32", HANDLE, "i32", "i32", HANDLE, "buffer"], result: "i32" },
  MPI_Iprobe: { parameters: ["i32", "i32", HANDLE, "buffer", HANDLE], result: "i32" },
  MPI_Recv: { parameters: ["buffer", "i32", HANDLE, "i32", "i32", HANDLE, HANDLE], result: "i32" },
  /**
   * Of the C library, which every MPI stands on: ends the process at once. An ordinary exit runs what MPI has to do at
   * its end, while threads may still be inside of it: some libraries crash then, others wait for ever.
   */
  _exit: { parameters: ["i32"], result: "void" },
  /** Of the C library too: 0 if a file is open and a connection to another process. */
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** What tells one ABI from another. */
export const TELLING_SYMBOLS = {
  MPI_Abi_get_version: { parameters: ["buffer", "buffer"], result: "i32", optional: true },
  ompi_mpi_comm_world: { type: "pointer", optional: true },
  ompi_mpi_float: { type: "pointer", optional: true },
  ompi_mpi_byte: { type: "pointer", optional: true },
  ompi_mpi_op_sum: { type: "pointer", optional: true },
  ompi_mpi_errors_return: { type: "pointer", optional: true },
} as const satisfies Deno.ForeignLibraryInterface;
