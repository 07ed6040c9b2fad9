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
      await untilStep(`${folder}/run`, 4, outcome);
      kill("SIGTERM");
      const { code, stderr } = await outcome;
      assert.equal(code, 130, stderr);
      assert.match(stderr, /^Go on with: .*tiny\.yaml --out run --processes 2 --resume$/m);
      assert.equal(stderr.match(/Interrupted/g)?.length, 1, stderr);
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
        await untilStep(`${folder}/run`, 4, outcome);
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
        await untilStep(`${folder}/run`, 4, outcome);
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
  "processes that are frozen together go on when they are thawed",
  () =>
    inRecipeFolder(1000, async (folder) => {
      const args = ["distill", "tiny.yaml", "--out", "run", "--processes", "2"];
      const { pid, outcome, kill } = startCli(args, { cwd: folder });
      try {
        await untilStep(`${folder}/run`, 4, outcome);
        const [first, second] = await rankProcessesIn(folder), pids = [pid, first.pid, second.pid];
        const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
        // One after the other, as it happens: who wakes first finds no new sign of the other.
        for (const pid of pids) {
          Deno.kill(pid, "SIGSTOP");
          await wait(700);
        }
        await wait(8000);
        for (const pid of pids.toReversed()) {
          Deno.kill(pid, "SIGCONT");
          await wait(100);
        }
        await wait(1500);
        kill("SIGTERM");
        const { code, stderr } = await outcome;
        assert.equal(code, 130, stderr);
        assert.doesNotMatch(stderr, /does not answer/);
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

testUnless(
  NO_MPI,
  "a second signal ends all processes at once, also one that does not answer",
  () =>
    inRecipeFolder(1000, async (folder) => {
      const args = ["distill", "tiny.yaml", "--out", "run", "--processes", "2"];
      const { outcome, kill } = startCli(args, { cwd: folder });
      await untilStep(`${folder}/run`, 4, outcome);
      const [, { pid }] = await rankProcessesIn(folder);
      Deno.kill(pid, "SIGSTOP");
      kill("SIGTERM");
      await new Promise((resolve) => setTimeout(resolve, 500));
      kill("SIGTERM");
      const { code, stderr } = await outcome;
      assert.equal(code, 130, stderr);
      await untilNoneIn(folder);
    }),
);

testUnless(
  NO_MPI,
  "what is wrong with a command is told in one sentence, with exit code 2, and is not tried again",
  () =>
    inRecipeFolder(1, async (folder) => {
      await Deno.mkdir(`${folder}/run`);
      await Deno.writeTextFile(`${folder}/run/mine.txt`, "");
      const args = ["distill", "tiny.yaml", "--out", "run", "--processes", "2", "--restarts", "1"];
      const { code, stderr } = await runCli(args, { cwd: folder });
      assert.equal(code, 2, stderr);
      assert.match(stderr, /^Process 0 of 2 on .*: The folder "run" is not empty; add --resume .*\n$/m);
      assert.doesNotMatch(stderr, /were ended|Starting all processes again/);
    }),
);

/** Waits a few seconds for the processes of a run that work in a folder to be gone. */
async function untilNoneIn(folder: string): Promise<void> {
  for (let left = 30; (await rankProcessesIn(folder)).length > 0; left--) {
    assert.ok(left > 0, "a process is left");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
