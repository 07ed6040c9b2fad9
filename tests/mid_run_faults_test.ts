/**
 * What happens to a run in its midst: a disk that is full, a picture that cannot be read, a closed terminal, a signal.
 * What was done is kept, one message says where and how to go on, and the resume ends as a run that nothing happened
 * to, bit for bit. A logger that fails is told of, and changes nothing.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Outcome } from "./support/cli.ts";
import { answers } from "./support/programs.ts";
import {
  checkpointName,
  checkpointsOf,
  CLI,
  distillTiny,
  inTinyFolder,
  metricsOf,
  outcomeOf,
  type TinyRun,
} from "./support/tiny_runs.ts";

/** Runs to the end, without meddling. */
async function finish(folder: string, run: TinyRun): Promise<void> {
  const { code, stderr } = await distillTiny(folder, run);
  assert.equal(code, 0, stderr);
}

/** A run that something happens to: what it says, checked, then its resume against a run that nothing happened to. */
async function breakAndResume(
  { meddles, shell, flags = [], check }: Omit<TinyRun, "out"> & {
    check(broken: Outcome, run: string): void | Promise<void>;
  },
): Promise<void> {
  await inTinyFolder(async (folder) => {
    await finish(folder, { out: "whole", flags });
    const broken = await distillTiny(folder, { out: "broken", meddles, shell, flags });
    await check(broken, join(folder, "broken"));
    assert.doesNotMatch(broken.stderr, /^ +at .*\.ts:\d+/m, "no stack trace");
    await finish(folder, { out: "broken", flags: [...flags, "--resume"] });
    assert.deepEqual(await outcomeOf(join(folder, "broken")), await outcomeOf(join(folder, "whole")));
  });
}

/** A write past a limit of the process gives an error, as on a full disk, instead of ending it. */
const NO_DEATH_BY_LIMIT = "trap '' XFSZ";
const hasPrlimit = await answers("prlimit");

/** What is due when the disk is full: from which moment on, and the file. */
const DUE: Record<string, [event: string, file: string]> = {
  "a checkpoint": ["step 7", "step-0000010\\.safetensors"],
  "what the report shows of an evaluation": ["step 6", "samples\\.json"],
};

for (const [what, [event, file]] of Object.entries(DUE)) {
  Deno.test({
    name: `a disk that is full when ${what} is due: the checkpoint before is kept`,
    ignore: !hasPrlimit,
    fn: () =>
      breakAndResume({
        meddles: [event, "limit 6000"],
        shell: NO_DEATH_BY_LIMIT,
        check({ code, stderr }, run) {
          assert.equal(code, 1, stderr);
          const [last] = stderr.trimEnd().split("\n").slice(-1);
          const says =
            `^Cannot write ".*${file}": File too large .*\\. Make room, .*\\. The state after step 5 is kept in ` +
            '".*step-0000005\\.safetensors"; --resume goes on from it$';
          assert.match(last, new RegExp(says));
          assert.deepEqual(checkpointsOf(run), [0, 5].map(checkpointName), "no half one");
        },
      }),
  });
}

Deno.test({
  name:
    "a disk that is full when a line of metrics is due: no line is written in half, nor a checkpoint ahead",
  ignore: !hasPrlimit,
  fn: () =>
    breakAndResume({
      flags: ["--set", "checkpoint.every_steps=30", "--set", "train.epochs=20", "--set", "evaluate=null"],
      meddles: ["step 40", "limit 13000"],
      shell: NO_DEATH_BY_LIMIT,
      async check({ code, stderr }, run) {
        assert.equal(code, 1, stderr);
        assert.match(
          stderr,
          /^Cannot write ".*metrics\.jsonl": File too large .*after step 30 is kept in ".*step-0000030/m,
        );
        const text = await Deno.readTextFile(join(run, "metrics.jsonl")), lines = await metricsOf(run);
        assert.ok(text.endsWith("\n") && text.length < 13_000 && lines.length > 40);
        assert.deepEqual(lines.map(({ step }) => step), lines.map((_, i) => i + 1));
        assert.deepEqual(checkpointsOf(run), [0, 30].map(checkpointName));
      },
    }),
});

Deno.test("a folder that cannot be made is told with its path", () =>
  inTinyFolder(async (folder) => {
    const long = "x".repeat(300);
    const cases: Record<string, RegExp> = {
      "tiny.yaml/run": /^Cannot write "tiny\.yaml\/run": Not a directory/m,
      [long]: /^Cannot write "x{300}": File name too long/m,
    };
    for (const [out, says] of Object.entries(cases)) {
      const { code, stderr } = await distillTiny(folder, { out });
      assert.equal(code, 1, stderr);
      assert.match(stderr, says);
      assert.doesNotMatch(stderr, /^ +at /m);
    }
  }));

for (const event of ["step 4", "student 6"]) {
  Deno.test(`a logger that fails at ${event} is told of once, and the run ends as if it had not`, () =>
    inTinyFolder(async (folder) => {
      await finish(folder, { out: "whole" });
      const { code, stderr } = await distillTiny(folder, { out: "watched", meddles: [event, "throw"] });
      assert.equal(code, 0, stderr);
      const told = stderr.match(/^.*The tracking server is away.*$/gm);
      assert.equal(told?.length, 1, stderr);
      assert.match(
        told[0],
        /^Warning: The logger "meddling-logger" failed at file:\S+meddling_logger\.ts:\d+:\d+: The tracking server is away\. It is told no more; the run goes on/,
      );
      assert.deepEqual(await outcomeOf(join(folder, "watched")), await outcomeOf(join(folder, "whole")));
    }));
}

for (const signal of ["SIGINT", "SIGTERM"]) {
  Deno.test(`${signal}: a checkpoint, and exit code 130`, () =>
    breakAndResume({
      meddles: ["step 4", signal],
      check({ code, stderr }, run) {
        assert.equal(code, 130, stderr);
        assert.match(stderr, /^Interrupted.*: writing a checkpoint \(again to stop at once\)$/m);
        const newest = checkpointsOf(run).at(-1)!;
        assert.ok(newest >= checkpointName(4) && newest < checkpointName(12), newest);
      },
    }));
}

Deno.test("a closed terminal: what was done is kept", () =>
  inTinyFolder(async (folder) => {
    await finish(folder, { out: "whole" });
    // Whoever reads what it prints goes away after the first steps.
    const script = `"$@" 2>&1 >/dev/null | sed -u "/^Compiling/q" >/dev/null; echo "\${PIPESTATUS[0]}"`;
    const { stdout } = await new Deno.Command("bash", {
      args: ["-c", script, "bash", ...CLI, "distill", "tiny.yaml", "--out", "broken"],
      cwd: folder,
    }).output();
    assert.equal(new TextDecoder().decode(stdout), "1\n");
    // The next thing that it had to tell was the evaluation after step 6, if not a step before.
    const newest = checkpointsOf(join(folder, "broken")).at(-1)!;
    assert.ok(newest > checkpointName(0) && newest <= checkpointName(6), newest);
    await finish(folder, { out: "broken", flags: ["--resume"] });
    assert.deepEqual(await outcomeOf(join(folder, "broken")), await outcomeOf(join(folder, "whole")));
  }));

Deno.test("a picture that is gone in mid-run: put back, the run is what it was; an empty file will do with skip", () =>
  inTinyFolder(async (folder) => {
    await finish(folder, { out: "whole" });
    const picture = join(folder, "images/train/rows/7.png"), bytes = await Deno.readFile(picture);
    const { code, stderr } = await distillTiny(folder, {
      out: "broken",
      meddles: ["step 4", `remove ${picture}`],
    });
    assert.equal(code, 1, stderr);
    assert.match(
      stderr,
      /^Cannot make a view of the image "rows\/7\.png": There is no file ".*rows\/7\.png"\. Put it back; or put an empty file in its place, .*\. The state after step \d+ is kept/m,
    );
    const newest = checkpointsOf(join(folder, "broken")).at(-1)!;
    assert.ok(newest >= checkpointName(4), newest);
    await new Deno.Command("cp", { args: ["-r", "broken", "skipped"], cwd: folder }).output();
    await Deno.writeFile(picture, new Uint8Array(0));
    const skip = ["--resume", "--set", "data.on_error=skip"];
    await finish(folder, { out: "skipped", flags: skip });
    assert.equal((await metricsOf(join(folder, "skipped"))).findLast(({ loss }) => loss)!.step, 12);
    await Deno.writeFile(picture, bytes);
    await finish(folder, { out: "broken", flags: ["--resume"] });
    assert.deepEqual(await outcomeOf(join(folder, "broken")), await outcomeOf(join(folder, "whole")));
  }));

Deno.test("a run's folder that is gone in mid-run ends it with one message", () =>
  inTinyFolder(async (folder) => {
    const run = join(folder, "gone");
    const { code, stderr } = await distillTiny(folder, { out: "gone", meddles: ["step 4", `remove ${run}`] });
    assert.equal(code, 1, stderr);
    assert.match(
      stderr,
      /^Cannot write ".*step-0000005\.safetensors": No such file .*The state after step 0 was kept in ".*", which is there no more$/m,
    );
    assert.doesNotMatch(stderr, /^ +at .*\.ts:\d+/m);
  }));
