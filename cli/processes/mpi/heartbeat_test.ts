import assert from "node:assert/strict";
import { cacheDirectory } from "@seed/core/host";
import { ROOT } from "../../../tests/support/cli.ts";
import { NO_MPI, testUnless } from "../../../tests/support/process_runs.ts";
import { findMpiLibrary } from "./library.ts";

/** A process of a job of one that takes itself for the first of two: MPI refuses what it would send to the other. */
const PROGRAM = `
  import { Heartbeat } from "${ROOT}cli/processes/mpi/heartbeat.ts";
  import { Mpi } from "${ROOT}cli/processes/mpi/mpi.ts";
  const mpi = Mpi.load(Deno.args[0]), { calls, abi } = mpi;
  mpi.check(calls.MPI_Init_thread(null, null, abi.threadMultiple, new Int32Array(1)));
  mpi.check(calls.MPI_Comm_set_errhandler(abi.world, abi.errorsReturn));
  // It ends without MPI, which names the memory of a job that nobody has started by its process.
  await Deno.remove("/dev/shm/mpich_shm_" + Deno.pid.toString(16) + "_0").catch(() => {});
  const heartbeat = Heartbeat.start(mpi, { rank: 0, size: 2, starter: null }, []);
  const error = await heartbeat.race(new Promise(() => {})).catch((error) => error);
  console.log(error.name, error.message);
  Deno.exit(0);
`;

testUnless(
  NO_MPI,
  "where MPI fails in the thread of the signs of life the run ends by a sentence that names the other process",
  async () => {
    const library = await findMpiLibrary({
      ...{ cacheDir: `${cacheDirectory()}/mpi`, log() {}, signal: new AbortController().signal },
    });
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--config", `${ROOT}deno.json`, "--ext=ts", PROGRAM, library],
      env: { NO_COLOR: "1" },
    }).output();
    const [said, trace] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.equal(code, 0, trace);
    assert.match(said, /^ProcessesError Process 1 does not answer: it was stopped, .+\n$/);
    assert.equal(trace, "");
  },
);
