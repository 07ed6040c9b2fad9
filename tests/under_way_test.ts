/**
 * What is said of a run while a process writes it, and after that was killed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { RunError, writeSafetensors } from "@seed/core";
import { RunFolder } from "@seed/core/host";
import { RunDirectory } from "../core/run/run_directory.ts";
import { DiskStore } from "../core/teacher_cache/disk_store.ts";
import { runCli } from "./support/cli.ts";
import { inFolder } from "./support/plugin_context.ts";

const RECIPE = `version: 1
data: { plugin: "@seed/data-image-folder", root: images }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 8 }
student: { plugin: "@seed/student-resnet", depth: 18, head: { dim: 8 } }
objective: { plugin: "@seed/objective-moco" }
train: { batch_size: 4, epochs: 1, lr: 0.1 }
`;

/** Makes the folder of a run of which the checkpoint of step 4 and the line of step 5 are written. */
async function makeRun(path: string): Promise<RunFolder> {
  await Deno.mkdir(`${path}/checkpoints`, { recursive: true });
  await Deno.writeTextFile(`${path}/recipe.yaml`, RECIPE);
  const run = new RunFolder(path), weight = { name: "w", shape: [1], data: new Float32Array(1) };
  await writeSafetensors(run.checkpointFile(4), [weight], { step: "4" });
  await Deno.writeTextFile(run.file("metrics"), '{"step":5,"loss":2.5}\n');
  return run;
}

/** Another process that holds the run, until it is killed. */
async function writer(path: string): Promise<Deno.ChildProcess> {
  const script = `
    const { RunDirectory } = await import(${
    JSON.stringify(import.meta.resolve("../core/run/run_directory.ts"))
  });
    globalThis.held = await RunDirectory.open("demo", ${JSON.stringify(path)});
    console.log("held");
    setInterval(() => {}, 1000);`;
  const config = new URL("../deno.json", import.meta.url).pathname;
  const args = ["eval", "--config", config, script];
  const process = new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
  const reader = process.stdout.getReader();
  await reader.read();
  await reader.cancel();
  return process;
}

/** What is told of the run `runs/a` in a folder. */
async function told(folder: string) {
  const listed = await runCli(["ls", "runs", "--json"], { cwd: folder });
  const evaluated = await runCli(["eval", "--run", "runs/a", "--data", "images", "--knn"], { cwd: folder });
  assert.equal(evaluated.code, 1, evaluated.stderr);
  const [{ state, step }] = JSON.parse(listed.stdout).runs;
  return { state, step, evaluated: evaluated.stderr.trim().split("\n").at(-1) };
}

Deno.test("a run that a process writes is under way, and one whose process was killed is resumable", () =>
  inFolder(async (folder) => {
    await makeRun(`${folder}/runs/a`);
    const process = await writer(`${folder}/runs/a`);
    const ending = 'give "runs/a/checkpoints/step-0000004.safetensors" to embed as --weights';
    try {
      assert.deepEqual(await told(folder), {
        state: "under way",
        step: 5,
        evaluated:
          'The run "runs/a" is under way: it has no "student.safetensors" yet, its newest checkpoint ' +
          `is of step 4; wait for its end, or ${ending}`,
      });
    } finally {
      process.kill("SIGKILL");
      await process.status;
    }
    assert.deepEqual(await told(folder), {
      state: "resumable",
      step: 4,
      evaluated: 'The run "runs/a" is not finished: it has no "student.safetensors", its newest checkpoint ' +
        `is of step 4; go on with it by distill --resume, or ${ending}`,
    });
  }));

Deno.test("who looks whether a run is under way keeps nobody from it, and needs no lock to be there", () =>
  inFolder(async (folder) => {
    const run = await makeRun(`${folder}/a`);
    assert.equal(run.isUnderWay(), false);
    await Deno.writeTextFile(run.file("lock"), "");
    {
      // As it is held by who looks; it lets go while the run's process tries again.
      using file = await Deno.open(run.file("lock"));
      await file.lock(false);
      setTimeout(() => file.unlockSync(), 30);
      await using _directory = await RunDirectory.open("demo", run.path);
      assert.equal(run.isUnderWay(), true);
    }
    assert.equal(run.isUnderWay(), false);
    await Deno.remove(run.file("lock"));
    assert.ok((await new Deno.Command("mkfifo", { args: [run.file("lock")] }).output()).success);
    assert.equal(run.isUnderWay(), false, "a pipe is not waited for");
  }));

/** Where files cannot be locked: as Deno tells it, without a code. */
async function withoutLocks(test: () => void | Promise<void>): Promise<void> {
  const { lock, tryLock, tryLockSync } = Deno.FsFile.prototype;
  const refuse = () => {
    throw new Error("No locks available (os error 37)");
  };
  Object.assign(Deno.FsFile.prototype, {
    lock: refuse,
    tryLock: () => Promise.try(refuse),
    tryLockSync: refuse,
  });
  try {
    await test();
  } finally {
    Object.assign(Deno.FsFile.prototype, { lock, tryLock, tryLockSync });
  }
}

Deno.test("on a file system without locks runs are listed, and a cache says what it needs", () =>
  inFolder(async (folder) => {
    const run = await makeRun(`${folder}/a`);
    await Deno.writeTextFile(run.file("lock"), "");
    const options = {
      ...{ dim: 4, precision: "fp16", views: 1, images: 1, identity: { seed: 1 }, about: {} },
      ...{ signal: new AbortController().signal, log: () => {} },
    } as const;
    await withoutLocks(async () => {
      assert.equal(run.isUnderWay(), false);
      await assert.rejects(DiskStore.open(`${folder}/cache`, options as never), (error: Error) => {
        assert.ok(error instanceof RunError, `${error.stack}`);
        assert.match(error.message, /^Cannot lock ".*cache\.lock": No locks .* a file system with locks/);
        return true;
      });
    });
  }));
