import { type Processes, RunError } from "@seed/core";
import { cacheDirectory, type Host } from "@seed/core/host";
import { findMpiLibrary, Mpi, MpiProcesses } from "./mpi/mod.ts";

/** A process that is one of several, as whoever started it tells in its environment. */
export interface Place {
  /** How many of them are on this machine; null: it is not told. */
  readonly local: number | null;
}

/** Set where `launch.ts` has started the process, and ends the others when it ends: to the number of its process. */
export const LAUNCHED = "SEED_LAUNCHED";

/** Whether `launch.ts` has started this process. */
export function isLaunched(): boolean {
  return Deno.env.get(LAUNCHED) !== undefined;
}

/** By which variables a process knows that it was started as one of several: how many, and how many here. */
const STARTERS: readonly { size: string; local: string | null }[] = [
  { size: "PMI_SIZE", local: "MPI_LOCALNRANKS" }, // MPICH's mpiexec, Slurm's srun --mpi=pmi2, and ours
  { size: "OMPI_COMM_WORLD_SIZE", local: "OMPI_COMM_WORLD_LOCAL_SIZE" }, // Open MPI's mpirun
  { size: "SLURM_NTASKS", local: "SLURM_NTASKS_PER_NODE" }, // srun --mpi=pmix
];

/** Null: this process is alone. */
export function placeOf(env: (name: string) => string | undefined): Place | null {
  for (const { size, local } of STARTERS) {
    // A batch script of Slurm's has the variables too, but is no task of srun.
    if (size === "SLURM_NTASKS" && env("SLURM_STEP_ID") === undefined) continue;
    if (Number(env(size) ?? 1) < 2) continue;
    const count = Number(env("LOCAL_WORLD_SIZE") ?? (local && env(local)) ?? NaN);
    return { local: Number.isInteger(count) && count > 0 ? count : null };
  }
  return null;
}

/** The processes of a run that this one has joined. */
export interface Joined {
  readonly processes: Processes;
  /** To be called when all is done: all processes do. */
  leave(): Promise<void>;
  /** Ends all processes at once, this one with an exit code. */
  abort(code: number): never;
}

/**
 * Joins the processes that this one was started with.
 *
 * @throws {RunError} If there is no MPI library, or it does not fit what started the process.
 */
export async function join({ local }: Place, { log, signal }: Host): Promise<Joined> {
  const cores = Math.max(1, Math.floor(navigator.hardwareConcurrency / (local ?? 1)));
  // Read by TensorFlow when it starts. Processes that share a machine share its cores out.
  for (const name of ["TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"]) {
    if (Deno.env.get(name) === undefined) Deno.env.set(name, `${cores}`);
  }
  const library = await findMpiLibrary({ cacheDir: `${cacheDirectory()}/mpi`, log, signal });
  const mpi = Mpi.load(library),
    processes = await MpiProcesses.join(mpi, {
      starter: isLaunched() ? Number(Deno.env.get(LAUNCHED)) : null,
    });
  if (processes.size < 2) {
    throw new RunError(
      `This process was started as one of several, but "${library}" (${mpi.version}) finds it alone: it does not fit what ` +
        "started it; name the library that belongs to your mpiexec or srun by MPI_LIBRARY",
    );
  }
  return {
    processes,
    leave: () => processes.leave(),
    // Who was started by `launch.ts` is watched by it: MPI would only add a line that says less.
    abort: (code) => isLaunched() ? Deno.exit(code) : processes.abort(code),
  };
}
