/**
 * Several students of one recipe: one set of views, one pass of the teacher, and a run each, which is the one that it
 * would have been alone.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { runCli } from "./support/cli.ts";
import { distillTiny, inTinyFolder, metricsOf, outcomeOf, TINY_RECIPE } from "./support/tiny_runs.ts";

const PLUGINS = new URL("support/plugins.ts", import.meta.url).href;

/** As a recipe writes them. */
const STUDENTS = {
  plain: `plugin: "${PLUGINS}#student"`,
  wide: `plugin: "${PLUGINS}#studentWithHead", head: { hidden: 8 }`,
  noisy: `plugin: "${PLUGINS}#studentWithHead", head: { hidden: null }, dropout: 0.2`,
};
const NAMES = Object.keys(STUDENTS) as (keyof typeof STUDENTS)[];

const listed = (names: readonly string[], more = "") =>
  `students:\n${
    names.map((name) => `  - { name: ${name}, ${STUDENTS[name as keyof typeof STUDENTS]}${more} }`).join("\n")
  }\n`;
const withStudents = (students: string) => TINY_RECIPE.replace(/^student: .*\n/m, students);

async function inFolder(
  test: (
    folder: string,
    run: (recipe: string, out: string, ...flags: string[]) => ReturnType<typeof runCli>,
  ) => Promise<void>,
): Promise<void> {
  await inTinyFolder(async (folder) => {
    for (const name of NAMES) {
      await Deno.writeTextFile(
        join(folder, `${name}.yaml`),
        withStudents(`student: { ${STUDENTS[name]} }\n`),
      );
    }
    await Deno.writeTextFile(join(folder, "all.yaml"), withStudents(listed(NAMES)));
    await test(
      folder,
      (recipe, out, ...flags) =>
        runCli(["distill", `${recipe}.yaml`, "--out", out, ...flags], { cwd: folder }),
    );
  });
}

Deno.test("students that train together come out as each would alone, bit for bit, also after a resume", () =>
  inFolder(async (folder, run) => {
    for (const name of NAMES) assert.equal((await run(name, name)).code, 0);
    const together = await run("all", "together");
    assert.equal(together.code, 0, together.stderr);
    const parts = await run("all", "parts", "--max-steps", "7");
    assert.equal(parts.code, 0, parts.stderr);
    const resumed = await runCli(["distill", "--resume", "--out", "parts", "--allow-plugins"], {
      cwd: folder,
    });
    assert.equal(resumed.code, 0, resumed.stderr);
    for (const name of NAMES) {
      const alone = await outcomeOf(join(folder, name));
      assert.deepEqual(await outcomeOf(join(folder, "together", name)), alone, name);
      assert.deepEqual(await outcomeOf(join(folder, "parts", name)), alone, `${name}, resumed`);
    }
    const eval_ = await runCli(["eval", "--run", "together/wide", "--knn", "--allow-plugins"], {
      cwd: folder,
    });
    assert.equal(eval_.code, 0, eval_.stderr);
  }));

Deno.test("runs that stopped after different steps go on together", () =>
  inFolder(async (folder, run) => {
    for (const name of NAMES) assert.equal((await run(name, name)).code, 0);
    assert.equal((await run("all", "all", "--max-steps", "5")).code, 0);
    // One is further than the others, as if those had been killed before their checkpoints.
    const one = ["distill", "--resume", "--out", "all/plain", "--max-steps", "8", "--allow-plugins"];
    const further = await runCli(one, { cwd: folder });
    assert.equal(further.code, 0, further.stderr);
    const resumed = await run("all", "all", "--resume");
    assert.equal(resumed.code, 0, resumed.stderr);
    for (const name of NAMES) {
      assert.deepEqual(await outcomeOf(join(folder, "all", name)), await outcomeOf(join(folder, name)), name);
    }
  }));

Deno.test("if a student cannot go on, all stop with their states, and the error names it", () =>
  inFolder(async (folder, run) => {
    const broken = withStudents(listed(NAMES)).replace(
      "train: {",
      "checkpoint: { every_steps: 100 }\ntrain: {",
    )
      .replace("checkpoint: { every_steps: 5 }\n", "")
      .replace("knn: { k: 3 }", `failing: { plugin: "${PLUGINS}#failing" }`);
    await Deno.writeTextFile(join(folder, "broken.yaml"), broken);
    const stopped = await distillTiny(folder, {
      out: "unused",
      flags: ["--max-steps", "0"],
    });
    assert.equal(stopped.code, 0, stopped.stderr);
    const { code, stderr } = await runCli(["distill", "broken.yaml", "--out", "broken"], {
      cwd: folder,
      env: { SEED_TEST_FAILS_AT: "3" }, // after teacher and untrained student: at step 6
    });
    assert.equal(code, 1, stderr);
    assert.match(stderr, /broken\/plain\/checkpoints\/step-0000006/);
    const steps = await Promise.all(
      NAMES.map(async (name) => (await metricsOf(join(folder, "broken", name))).length),
    );
    assert.ok(steps.every((count) => count >= 5), `${steps}`);
    const resumed = await run("broken", "broken", "--resume");
    assert.equal(resumed.code, 0, resumed.stderr);
  }));

Deno.test("a student's time leaves out the first evaluations of those before it", () =>
  inFolder(async (folder, run) => {
    const slow = withStudents(listed(NAMES)).replace("knn: { k: 3 }", `slow: { plugin: "${PLUGINS}#slow" }`);
    await Deno.writeTextFile(join(folder, "slow.yaml"), slow);
    const { code, stderr } = await run("slow", "slow", "--max-steps", "1");
    assert.equal(code, 0, stderr);
    const [first, , last] = await Promise.all(NAMES.map(async (name) => {
      const text = await Deno.readTextFile(join(folder, "slow", name, "timings.jsonl"));
      return JSON.parse(text.split("\n")[0]) as { step: number; pause_seconds: number };
    }));
    assert.deepEqual([first.step, last.step], [0, 0]);
    // Each evaluates teacher and student for half a second; the two before the last one took two seconds for it.
    assert.ok(
      last.pause_seconds >= 1 && last.pause_seconds < first.pause_seconds + 1,
      `${last.pause_seconds}`,
    );
  }));

Deno.test("if the first evaluation of a student fails none trains; runs that have not begun begin at a resume", () =>
  inFolder(async (folder, run) => {
    const broken = withStudents(listed(NAMES))
      .replace("knn: { k: 3 }", `failing: { plugin: "${PLUGINS}#failing" }`);
    await Deno.writeTextFile(join(folder, "broken.yaml"), broken);
    const { code, stderr } = await runCli(["distill", "broken.yaml", "--out", "broken"], {
      cwd: folder,
      env: { SEED_TEST_FAILS_AT: "1" }, // the first student's, before its first step
    });
    assert.equal(code, 1, stderr);
    assert.match(stderr, /The evaluator failed/);
    for (const name of NAMES) {
      const metrics = await Deno.readTextFile(join(folder, "broken", name, "metrics.jsonl"));
      assert.doesNotMatch(metrics, /"loss"/, name);
    }
    // As if the start had been killed before the last of them began.
    const last = join(folder, "broken", NAMES[2]);
    for (const file of ["recipe.yaml", "timings.jsonl"]) await Deno.remove(join(last, file));
    const alone = await run("broken", "broken");
    assert.equal(alone.code, 2, "the others have begun");
    const whose = await runCli(["distill", "--resume", "--out", "broken", "--allow-plugins"], {
      cwd: folder,
    });
    assert.equal(whose.code, 2, whose.stderr);
    assert.match(
      whose.stderr,
      new RegExp(`student "${NAMES[2]}" in "broken" has not begun, .*; name the recipe`),
    );
    const resumed = await run("broken", "broken", "--resume", "--max-steps", "2");
    assert.equal(resumed.code, 0, resumed.stderr);
    for (const name of NAMES) {
      const steps = (await metricsOf(join(folder, "broken", name))).filter((line) => "loss" in line);
      assert.equal(steps.length, 2, name);
    }
  }));

Deno.test("students that cannot start leave no folder, but one that was there", () =>
  inFolder(async (folder, run) => {
    await Deno.mkdir(join(folder, "there"));
    for (const out of ["there", "made"]) {
      const { code, stderr } = await run("all", out, "--set", "data.root=nowhere");
      assert.equal(code, 1, stderr);
    }
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(folder, "there"))), []);
    await assert.rejects(Deno.stat(join(folder, "made")), Deno.errors.NotFound);
  }));

Deno.test("what is wrong with a list of students is told with its place", () =>
  inFolder(async (folder) => {
    const cases: [students: string, says: RegExp][] = [
      [listed(["plain", "plain"]), /:\d+:\d+.*The students 1 and 2 have one name, "plain"/s],
      [`students:\n  - { ${STUDENTS.plain} }\n`, /Expected a name for the student's folder/],
      [`students:\n  - { name: "../up", ${STUDENTS.plain} }\n`, /Expected a name .* got "\.\.\/up"/],
      ["students: []\n", /Expected a list of 1 to 100 students/],
      [`student: { ${STUDENTS.plain} }\n${listed(["wide"])}`, /has both student and students/],
      [listed(["plain", "wide"], ", hedd: 1"), /:\d+:\d+.*hedd/s],
    ];
    for (const [students, says] of cases) {
      await Deno.writeTextFile(join(folder, "wrong.yaml"), withStudents(students));
      const { code, stderr } = await runCli(["distill", "wrong.yaml", "--out", "wrong"], { cwd: folder });
      assert.equal(code, 2, stderr);
      assert.match(stderr, says);
    }
    for (const command of [["distill", "all.yaml", "--out", "two"], ["validate", "all.yaml"]]) {
      const { code, stderr } = await runCli([...command, "--processes", "2"], { cwd: folder });
      assert.equal(code, 2, stderr);
      assert.match(stderr, /The recipe has 3 students, which train in one process together/);
    }
    const one = `student={ ${STUDENTS.wide} }`;
    const set = await runCli(["validate", "all.yaml", "--set", "students=null", "--set", one], {
      cwd: folder,
    });
    assert.equal(set.code, 0, set.stderr);
    const valid = await runCli(["validate", "all.yaml"], { cwd: folder });
    assert.equal(valid.code, 0, valid.stderr);
  }));
