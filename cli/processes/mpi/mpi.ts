import { loadForGood } from "@seed/core/native";
import { ProcessesError, RunError } from "@seed/core/text";
import { type Abi, abiOf } from "./abi.ts";
import { C_API } from "./c_api.ts";

/** A call of MPI's has failed. */
export class MpiError extends ProcessesError {}

/** An MPI library that is loaded. */
export class Mpi {
  private constructor(
    readonly path: string,
    readonly abi: Abi,
    readonly calls: Deno.DynamicLibrary<typeof C_API>["symbols"],
  ) {}

  /**
   * Loads the library; a second time in a process, from a worker of it, too.
   *
   * @throws {RunError} If it cannot be loaded, or is no MPI.
   */
  static load(path: string): Mpi {
    loadForGood(path); // a call may wait for the others on another thread while the process ends
    try {
      return new Mpi(path, abiOf(path), Deno.dlopen(path, C_API).symbols);
    } catch (error) {
      throw new RunError(
        `Cannot load the MPI library "${path}": ${
          (error as Error).message
        }; MPI_LIBRARY names the file of a cluster's ` +
          "own, for example libmpi.so.12 (MPICH) or libmpi.so.40 (Open MPI)",
        { cause: error },
      );
    }
  }

  /** Name and version, as the library gives them. */
  get version(): string {
    const text = new Uint8Array(8192), length = new Int32Array(1);
    this.check(this.calls.MPI_Get_library_version(text, length));
    const [line] = new TextDecoder().decode(text.subarray(0, length[0])).split(/[\n\0]/);
    return line.replace(/\s+/g, " ").trim();
  }

  /** A handle, or a number, that a call gives. */
  ask(call: (into: BigUint64Array<ArrayBuffer>) => number): bigint {
    const into = new BigUint64Array(1);
    this.check(call(into));
    return into[0];
  }

  /** @throws {MpiError} If a call returned an error's code. */
  check(code: number): void {
    if (code === 0) return;
    const text = new Uint8Array(512), length = new Int32Array(1);
    this.calls.MPI_Error_string(code, text, length);
    const [what] = new TextDecoder().decode(text.subarray(0, length[0])).split(/[\n\0]/); // its own stack follows
    throw new MpiError(`The processes cannot talk to each other any more: ${what}`);
  }
}
