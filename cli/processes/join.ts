import { type Processes, RunError, UsageError } from "@seed/core";
import { cacheDirectory, type Host, processesHere } from "@seed/core/host";
import { findMpiLibrary, Mpi, MpiProcesses, talkByTcp, tellJoined } from "./mpi/mod.ts";
import { Rendezvous } from "./rendezvous/rendezvous.ts";
import { type Meeting, meetingOf } from "./rendezvous/variables.ts";

/** A process that is one of several, as whoever started it tells in its environment. */
export interface Place {
  /** How many of them are on this machine; null: it is not told. */
  readonly local: number | null;
  /** Where it meets the others; null: whoever started them has MPI know. */
  readonly meeting: Meeting | null;
}

/** Set where `launch.ts` has started the process, and ends the others when it ends: to the number of its process. */
export const LAUNCHED = "SEED_LAUNCHED";

/** Whether `launch.ts` has started this process. */
export function isLaunched(): boolean {
  return Deno.env.get(LAUNCHED) !== undefined;
}

/** By which variables a process knows that it was started as one of several: how many, and how many here. */
const STARTERS: readonly { size: string; local: string }[] = [
  { size: "PMI_SIZE", local: "MPI_LOCALNRANKS" }, // MPICH's mpiexec, Slurm's srun --mpi=pmi2, and ours
  { size: "OMPI_COMM_WORLD_SIZE", local: "OMPI_COMM_WORLD_LOCAL_SIZE" }, // Open MPI's mpirun
];

/** Set by MPICH's `mpiexec -pmi-port`, which tells a process by this port alone how many there are. */
const PORT = "PMI_PORT";

/** Set where whoever started the process talks to it over a file that is open: MPICH's `mpiexec`, `srun --mpi=pmi2`. */
const OPEN_FILE = "PMI_FD";

/**
 * Null: this process is alone.
 *
 * @throws {UsageError} If variables call it to a meeting, but not all that it takes.
 */
export function placeOf(env: (name: string) => string | undefined): Place | null {
  const countIn = (name: string | null) => {
    const count = Number(name && env(name) || NaN);
    return Number.isInteger(count) && count > 0 ? count : null;
  };
  const isPorted = env(PORT) !== undefined && env(STARTERS[0].size) === undefined;
  const starter = isPorted ? STARTERS[0] : STARTERS.find(({ size }) => Number(env(size) ?? 1) > 1);
  if (starter) return { local: countIn("LOCAL_WORLD_SIZE") ?? countIn(starter.local), meeting: null };
  const meeting = meetingOf(env);
  if (meeting) return { local: countIn("LOCAL_WORLD_SIZE"), meeting };
  // Only now: a task of srun's may have been given the variables of a meeting. A batch script of Slurm's has its
  // variables too, but is no task.
  if (env("SLURM_STEP_ID") === undefined || Number(env("SLURM_NTASKS") ?? 1) < 2) return null;
  return { local: countIn("LOCAL_WORLD_SIZE") ?? countIn("SLURM_NTASKS_PER_NODE"), meeting: null };
}

/** The processes of a run that this one has joined. */
export interface Joined {
  readonly processes: Processes;
  /** To be called when all is done: all processes do. */
  leave(): Promise<void>;
  /**
   * Ends all processes at once.
   *
   * @param code This one's exit code.
   * @param why What has happened to this one.
   */
  abort(code: number, why: string): Promise<never>;
}

/**
 * Joins the processes that this one was started with.
 *
 * @throws {RunError} If there is no MPI library, it does not fit what started the process, or the others do not come.
 * @throws {UsageError} If the process has lost touch with what started it.
 */
export async function join({ local, meeting }: Place, { log, signal }: Host): Promise<Joined> {
  const library = await findMpiLibrary({ cacheDir: `${cacheDirectory()}/mpi`, log, signal });
  // They were started one by one: whoever did so sees that this one is there, though the first alone says more.
  if (meeting) log(meetingPlace(meeting));
  const met = meeting && await Rendezvous.meet(meeting, library, signal);
  const rendezvous = met ? met.rendezvous : null;
  if (met) {
    const { hosts, pmi } = met.begin;
    local ??= processesHere({ rank: meeting!.rank, hosts });
    for (const [name, value] of Object.entries(pmi)) Deno.env.set(name, value);
    Deno.env.delete(OPEN_FILE); // of a starter that has started this process alone
    if (Deno.env.get("MPI_LIBRARY") === undefined) talkByTcp(met.address);
  }
  shareCores(local ?? 1);
  const starter = isLaunched() ? Number(Deno.env.get(LAUNCHED)) : null;
  const mpi = Mpi.load(library);
  requireOpenFile(mpi);
  const processes = await MpiProcesses.join(mpi, { watch: rendezvous, starter });
  if (processes.size < 2) {
    throw new RunError(
      `This process was started as one of several, but "${library}" (${mpi.version}) finds it alone: it does not fit what ` +
        (met
          ? "RANK and WORLD_SIZE need, which is an MPICH; start with the library's own mpiexec, or unset MPI_LIBRARY"
          : isLaunched()
          ? "--processes needs, which is an MPICH; start with the library's own mpiexec, or unset MPI_LIBRARY"
          : "started it; name the library that belongs to your mpiexec or srun by MPI_LIBRARY"),
    );
  }
  if (isLaunched()) await tellJoined();
  return {
    processes,
    async leave() {
      await processes.leave();
      if (!rendezvous) return;
      await rendezvous.leave();
      // At an ordinary exit MPICH says farewell to whoever started it, and crashes where that is gone: here it is the
      // first process, which ends as the others do.
      globalThis.addEventListener("unload", () => processes.exit(Deno.exitCode));
    },
    async abort(code, why) {
      await rendezvous?.fail(why);
      // Who was started by `launch.ts` is watched by it: MPI would only add a line that says less.
      return rendezvous || isLaunched() ? processes.exit(code) : processes.abort(code);
    },
  };
}

function meetingPlace({ rank, size, hostname, port }: Meeting): string {
  return `Process ${rank} of ${size} meets the others at ${hostname}:${port}; how it goes on is told by process 0`;
}

/** Without it MPI would crash. */
function requireOpenFile({ calls }: Mpi): void {
  const told = Deno.env.get(OPEN_FILE), room = new Uint8Array(128), length = new Int32Array([room.length]);
  if (told === undefined || calls.getpeername(Number(told), room, length) === 0) return;
  throw new UsageError(
    `What has started this process talks to it over an open file (${OPEN_FILE} is ${told}), which was not passed on to it: ` +
      "npx passes none on. Start Deno itself in its place, `deno task ...`: `npx -y -p deno which deno` tells where it is",
  );
}

/** Processes that share a machine share its cores out. Read by TensorFlow when it starts. */
function shareCores(local: number): void {
  const cores = Math.max(1, Math.floor(navigator.hardwareConcurrency / local));
  for (const name of ["TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"]) {
    if (Deno.env.get(name) === undefined) Deno.env.set(name, `${cores}`);
  }
}
