import { TELLING_SYMBOLS } from "./c_api.ts";

/** The numbers that an MPI library knows its objects by. C programs get them from its `mpi.h`. */
export interface Abi {
  readonly name: "MPICH" | "Open MPI" | "MPI 5";
  readonly world: bigint;
  readonly float: bigint;
  readonly byte: bigint;
  readonly sum: bigint;
  /** Handler that has errors returned as codes, in place of ending the process. */
  readonly errorsReturn: bigint;
  readonly statusIgnore: bigint;
  /** Level at which any thread may call. */
  readonly threadMultiple: number;
}

/** `mpi.h` of MPICH 3.1 to 5.0, of Intel MPI and others: the ABI that they agreed on in 2013. */
const MPICH: Abi = {
  name: "MPICH",
  world: 0x44000000n,
  float: 0x4c00040an,
  byte: 0x4c00010dn,
  sum: 0x58000003n,
  errorsReturn: 0x54000001n,
  statusIgnore: 1n,
  threadMultiple: 3,
};

/** The MPI standard, version 5.0, chapter 20: `mpi_abi.h`. */
const STANDARD: Abi = {
  name: "MPI 5",
  world: 0x101n,
  float: 0x210n,
  byte: 0x247n,
  sum: 0x21n,
  errorsReturn: 0x143n,
  statusIgnore: 0n,
  threadMultiple: 4096,
};

/** Which of the three ABIs the library at `path` has. */
export function abiOf(path: string): Abi {
  const { symbols } = Deno.dlopen(path, TELLING_SYMBOLS);
  const address = (name: keyof typeof symbols) =>
    BigInt(Deno.UnsafePointer.value(symbols[name] as Deno.PointerValue));
  if (symbols.ompi_mpi_comm_world) {
    return {
      name: "Open MPI",
      world: address("ompi_mpi_comm_world"),
      float: address("ompi_mpi_float"),
      byte: address("ompi_mpi_byte"),
      sum: address("ompi_mpi_op_sum"),
      errorsReturn: address("ompi_mpi_errors_return"),
      statusIgnore: 0n,
      threadMultiple: 3,
    };
  }
  const major = new Int32Array([-1]), minor = new Int32Array(1);
  symbols.MPI_Abi_get_version?.(major, minor);
  return major[0] > 0 ? STANDARD : MPICH; // MPICH's own library has the call too, and says -1
}
