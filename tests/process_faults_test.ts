/**
 * Faults at random moments of a run in three processes: a process is killed or stopped, its disk is full, a picture of
 * its is broken, what started them all is killed. Each time all end soon, one sentence says why, and what is gone on
 * with ends as a run that nothing happened to, bit for bit.
 *
 * Five faults, or as many as `SEED_FAULTS` says; the seed of their moments is printed, and `SEED_FAULT_SEED` gives it
 * again.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Random } from "@seed/core";
import { PATIENCE } from "../cli/processes/mpi/mod.ts";
import { type Outcome, ROOT, startCli } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";
import { inFolder } from "./support/plugin_context.ts";
import { rankProcessesIn } from "./support/system_processes.ts";
import { outcomeOf } from "./support/tiny_runs.ts";
import { NO_MPI } from "./support/process_runs.ts";

const FAULTS = Number(Deno.env.get("SEED_FAULTS") ?? 5);
const SEED = Number(Deno.env.get("SEED_FAULT_SEED") ?? Math.floor(1e6 * Math.random()));
const COUNT = 3;
/** Seconds in which all have ended; who waits for one that has not come yet has more patience. */
const LIMIT = 10, LATE_LIMIT = PATIENCE + LIMIT;

const support = (file: string) => new URL(`./support/${file}`, import.meta.url).href;

/** 12 steps; every process writes to the disk: to the teacher's cache. */
const RECIPE = `version: 1
seed: 1
engine: { plugin: "${support("plugins.ts")}#engine" }
data: { plugin: "@seed/data-image-folder", root: images }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 16 }
teacher: { plugin: "${ROOT}examples/my_teacher.ts", cells: 2, cache: { dir: CACHE, views: 6 } }
student: { plugin: "${support("plugins.ts")}#student" }
queue: { plugin: "@seed/queue-fifo", size: 24 }
objective: { plugin: "@seed/objective-seed" }
train: { batch_size: 6, epochs: 6, lr: 0.1, workers: 1 }
evaluate: { every_epochs: 3, knn: { k: 2 } }
checkpoint: { every_steps: 3 }
`;

/** What happens, and what is said of it. */
interface Fault {
  name: string;
  says: RegExp;
  /** Does it; what undoes it before the run goes on. */
  strike(run: Struck): void | (() => void);
}

/** A run that is struck. */
interface Struck {
  folder: string;
  launcher: number;
  /** The process that it happens to. */
  pid: number;
  rank: number;
}

const FAULTS_IN_TURN: Fault[] = [
  {
    name: "killed",
    says: /^Process \d .*killed by SIGKILL/m,
    strike: ({ pid }) => Deno.kill(pid, "SIGKILL"),
  },
  {
    name: "stopped",
    says: /^(\[\d\] )?(Process \d .*does not answer|Process .* did not come|The processes did not meet)/m,
    strike: ({ pid }) => Deno.kill(pid, "SIGSTOP"),
  },
  {
    name: "disk full",
    // Before the processes have met it is MPI that has no room for what they share.
    says: /^(Process \d .*|\[\d\] .*)?(Cannot (write|make)|MPIDI_UCX_init)/m,
    strike: ({ pid }) => {
      new Deno.Command("prlimit", { args: ["--pid", `${pid}`, "--fsize=0"] }).outputSync();
    },
  },
  {
    name: "picture broken",
    says:
      /^Process 0 of 3 .*: Cannot (make a view of|read) the image "\w+\/0\.png".* --resume goes on from it$/m,
    strike({ folder, rank }) {
      const folders = [...Deno.readDirSync(`${folder}/images/train`)].map(({ name }) => name).sort();
      const path = `${folder}/images/train/${folders[rank % folders.length]}/0.png`;
      const bytes = Deno.readFileSync(path);
      Deno.writeFileSync(path, bytes.map(() => 7));
      return () => Deno.writeFileSync(path, bytes);
    },
  },
  {
    name: "launcher killed",
    // Before they have met it is MPI that tells: what they ask about each other is gone.
    says: /What started the processes of this run is gone|MPI error/m,
    strike: ({ launcher }) => Deno.kill(launcher, "SIGKILL"),
  },
];

interface Ending extends Outcome {
  /** Since the fault; null: the run ended before, or as if nothing had happened. */
  secondsAfter: number | null;
}

const args = (run: string, ...more: string[]) => [
  "distill",
  `${run}.yaml`,
  ...["--out", run, "--processes", `${COUNT}`, ...more],
];

/** Runs, and has the fault strike a process so many seconds after all have started. */
async function strike(
  folder: string,
  run: string,
  { fault, rank, seconds, more }: { fault: Fault; rank: number; seconds: number; more: string[] },
): Promise<Ending> {
  // A write past a limit of the process gives an error, as on a full disk, instead of ending it.
  const { outcome, pid: launcher } = startCli(args(run, ...more), { cwd: folder, shell: "trap '' XFSZ" });
  const over = outcome.then(() => true);
  const sleep = (ms: number) => new Promise<false>((resolve) => setTimeout(() => resolve(false), ms));
  while ((await rankProcessesIn(folder)).length < COUNT && !await Promise.race([over, sleep(20)]));
  let struck: number | null = null, undo: void | (() => void) = undefined;
  const begun = await rankProcessesIn(folder);
  if (!await Promise.race([over, sleep(1000 * seconds)])) {
    const process = (await rankProcessesIn(folder)).find((process) => process.rank === rank);
    if (process) {
      struck = performance.now();
      undo = fault.strike({ folder, launcher, ...process });
    }
  }
  const ended = await outcome;
  // Who was left by what started them may end a little later.
  while (begun.some(({ pid }) => isAlive(pid))) await sleep(20);
  const secondsAfter = struck === null ? null : (performance.now() - struck) / 1000;
  undo?.();
  return { ...ended, secondsAfter };
}

function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

const why = Deno.build.os === "linux" ? NO_MPI : "ignored: processes are found by Linux's /proc";

Deno.test({
  name: `a run in ${COUNT} processes goes on after each of ${FAULTS} faults, seed ${SEED}${
    why ? ` (${why})` : ""
  }`,
  ignore: why !== null,
  fn: () =>
    inFolder(async (folder) => {
      await makeImageFolder(`${folder}/images`, { train: 6, val: 2 });
      const begin = async (run: string) => {
        await Deno.writeTextFile(`${folder}/${run}.yaml`, RECIPE.replace("CACHE", `${run}-cache`));
      };
      await begin("whole");
      const started = performance.now();
      const whole = await startCli(args("whole"), { cwd: folder }).outcome;
      assert.equal(whole.code, 0, whole.stderr);
      const course = (performance.now() - started) / 1000;
      const expected = await outcomeOf(join(folder, "whole"));

      const random = new Random(SEED, "faults"), figures = new Map<string, number[]>();
      let faults = 0, runs = 0, isUnderWay = false, run = "";
      while (faults < FAULTS) {
        if (!isUnderWay) await begin(run = `run-${runs++}`);
        const fault = FAULTS_IN_TURN[faults % FAULTS_IN_TURN.length], rank = random.below(COUNT);
        const seconds = random.uniform(0, course);
        const isRun = await Deno.stat(`${folder}/${run}/recipe.yaml`).then(() => true, () => false);
        const ending = await strike(folder, run, {
          ...{ fault, rank, seconds, more: isRun ? ["--resume"] : [] },
        });
        const { code, stderr, secondsAfter } = ending,
          at = `${fault.name}, process ${rank} after ${
            seconds.toFixed(2)
          } s of ${run}: code ${code}\n${stderr}`;
        isUnderWay = code !== 0;
        if (code === 0) { // it came too late, or met nothing
          assert.deepEqual(await outcomeOf(join(folder, run)), expected, at);
          continue;
        }
        faults++;
        assert.match(stderr, fault.says, at);
        assert.doesNotMatch(stderr, /^ +at .*\.ts:\d+/m, `no stack trace: ${at}`);
        assert.equal(code, fault.name === "launcher killed" ? null : 1, at);
        const limit = /did not (come to the others|meet)/.test(stderr) ? LATE_LIMIT : LIMIT;
        assert.ok(secondsAfter! < limit, `${secondsAfter} s after: ${at}`);
        figures.set(fault.name, [...figures.get(fault.name) ?? [], secondsAfter!]);
        if (Deno.env.get("SEED_FAULTS")) console.log(`${secondsAfter!.toFixed(2)} s, ${at}`);
      }
      if (isUnderWay) {
        const more = await Deno.stat(`${folder}/${run}/recipe.yaml`).then(() => ["--resume"], () => []);
        const last = await startCli(args(run, ...more), { cwd: folder }).outcome;
        assert.equal(last.code, 0, last.stderr);
        assert.deepEqual(await outcomeOf(join(folder, run)), expected);
      }
      console.log(`Seed ${SEED}: ${faults} faults of ${runs} runs, all gone on with as if undisturbed`);
      for (const [name, seconds] of figures) {
        console.log(
          `  ${`${seconds.length}`.padStart(4)}  ${name}: all ended after ${
            Math.max(...seconds).toFixed(1)
          } s at the most`,
        );
      }
    }),
});
