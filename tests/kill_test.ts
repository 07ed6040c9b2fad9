/**
 * Runs that are killed, and gone on with as their user would, end as runs that nothing happened to: metrics (but for
 * speed), checkpoint and student are the same, bit for bit, nothing is left over, and no folder has to be removed by
 * hand. Ten kills, or as many as `SEED_KILLS` says; the seed of their moments is printed, and `SEED_KILL_SEED` gives
 * it again.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Random } from "@seed/core";
import { type Course, drawMoment, type Ending, type Moment, runKilled } from "./support/killing.ts";
import { checkpointsOf, inTinyFolder, metricsOf, outcomeOf, TINY_RECIPE } from "./support/tiny_runs.ts";

const KILLS = Number(Deno.env.get("SEED_KILLS") ?? 10);
const SEED = Number(Deno.env.get("SEED_KILL_SEED") ?? Math.floor(1e6 * Math.random()));
/** So many in one run: each run is then brought to its end. */
const KILLS_OF_A_RUN = { least: 4, most: 9 };

/** Recipes in turn: what they do besides training decides what a kill can meet. */
const RECIPES: Record<string, string> = {
  "cache in memory": TINY_RECIPE,
  "cache on disk": TINY_RECIPE.replace("{ views: 2 }", "{ views: 2, dir: CACHE }"),
  // Neighbours are looked for before the first step, and each epoch ends with a checkpoint.
  "neighbours, no cache": TINY_RECIPE
    .replace(", cache: { views: 2 }", "")
    .replace("objective-seed", "objective-bingo").replace(/every_steps: \d+/, "every_steps: 1"),
};

/** A recipe that is run, killed and gone on with. */
interface Subject {
  name: string;
  /** The course of a run, and of `cache`, if there is a cache to fill. */
  courses: { distill: Course; cache: Course | null };
  /** What the undisturbed run left. */
  expected: Awaited<ReturnType<typeof left>>;
}

/** What a run leaves that must be the same. */
async function left(run: string) {
  const names = [...Deno.readDirSync(run)].map(({ name }) => name).sort();
  const { images_per_second: _, data_wait_seconds: __, ...summary } = JSON.parse(
    await Deno.readTextFile(join(run, "summary.json")),
  );
  return { ...await outcomeOf(run), names, checkpoints: checkpointsOf(run), summary };
}

/** Writes a recipe whose cache, if it has one, is the run's own. */
async function writeRecipe(folder: string, name: string, run: string): Promise<void> {
  await Deno.writeTextFile(join(folder, "tiny.yaml"), RECIPES[name].replace("CACHE", `${run}-cache`));
}

const distillArgs = (run: string, ...more: string[]) => ["distill", "tiny.yaml", "--out", run, ...more];

/** Runs a recipe undisturbed. */
async function undisturbed(folder: string, name: string): Promise<Subject> {
  const run = `whole-${Object.keys(RECIPES).indexOf(name)}`;
  await writeRecipe(folder, name, run);
  const fill = name === "cache on disk"
    ? succeeded(await runKilled(["cache", "tiny.yaml"], folder, null))
    : null;
  if (fill) await Deno.remove(join(folder, `${run}-cache`), { recursive: true });
  const whole = succeeded(await runKilled(distillArgs(run), folder, null));
  const expected = await left(join(folder, run));
  const events = expected.metrics.filter(({ network }) => network !== "teacher").map((line) =>
    "loss" in line ? `step ${line.step}` : `${line.network} ${line.step}`
  );
  return {
    ...{ name, expected },
    courses: { distill: { ...whole, events }, cache: fill && { ...fill, events: [] } },
  };
}

function succeeded(ending: Ending): Ending {
  assert.equal(ending.code, 0, ending.stderr);
  return ending;
}

/** What a killed run's folder shows of how far it was. */
async function stageOf(folder: string, run: string): Promise<string> {
  const path = join(folder, run),
    has = (file: string) => Deno.stat(join(path, file)).then(() => true, () => false);
  if (!await has("recipe.yaml")) return await has("") ? "start, folder made" : "start";
  if (await has("summary.json")) return "end";
  const half = [...Deno.readDirSync(path), ...Deno.readDirSync(join(path, "checkpoints"))]
    .some(({ name }) => name.endsWith(".tmp"));
  if (half) return "in a file's writing";
  const last = (await has("metrics.jsonl")) &&
    (await Deno.readTextFile(join(path, "metrics.jsonl"))).trimEnd()
      .split("\n").at(-1);
  if (!last) return "before the first step";
  return last.includes('"evaluation"') ? "after an evaluation" : "in training";
}

/** A run of one recipe from its start to its end, through so many kills. */
class KilledRun {
  readonly stages: string[] = [];
  #isStarted = false;

  constructor(
    private readonly folder: string,
    private readonly subject: Subject,
    private readonly run: string,
    private readonly nextMoment: (course: Course) => Moment,
  ) {}

  /** Kills it so many times at the most; it may come to its end before. Then it is brought there. */
  async through(kills: number): Promise<void> {
    await writeRecipe(this.folder, this.subject.name, this.run);
    const { distill, cache } = this.subject.courses;
    // Half of the kills meet the filling of the cache ahead, which goes on by the same command.
    for (let i = 0; cache && i < kills / 2; i++) {
      const { isKilled, code, stderr } = await runKilled(
        ["cache", "tiny.yaml"],
        this.folder,
        this.nextMoment(cache),
      );
      if (isKilled) this.stages.push("filling the cache");
      else assert.equal(code, 0, stderr);
    }
    let isDone = false;
    while (!isDone && this.stages.length < kills) isDone = await this.#attempt(this.nextMoment(distill));
    if (!isDone) assert.ok(await this.#attempt(null), "it is not killed again");
    assert.deepEqual(await left(join(this.folder, this.run)), this.subject.expected);
    assert.deepEqual(await metricsOf(join(this.folder, this.run)), this.subject.expected.metrics);
  }

  /**
   * As a user does: starts the run, later goes on with it, and starts it again if the message says that there is none.
   */
  async #attempt(moment: Moment | null): Promise<boolean> {
    const { folder, run } = this, resume = this.#isStarted ? ["--resume"] : [];
    this.#isStarted = true;
    let ending = await runKilled(distillArgs(run, ...resume), folder, moment);
    if (ending.code === 2 && resume.length) {
      assert.match(ending.stderr, /leave --resume out to start/, ending.stderr);
      ending = await runKilled(distillArgs(run), folder, moment);
    }
    if (ending.isKilled) this.stages.push(await stageOf(folder, run));
    else succeeded(ending);
    return !ending.isKilled;
  }
}

Deno.test(`a run that is killed ${KILLS} times ends as one that never was, seed ${SEED}`, () =>
  inTinyFolder(async (folder) => {
    const random = new Random(SEED, "kills"), stages = new Map<string, number>();
    const subjects: Subject[] = [];
    for (const name of Object.keys(RECIPES)) subjects.push(await undisturbed(folder, name));
    let kills = 0, runs = 0, turn = 0;
    const started = performance.now(), { least, most } = KILLS_OF_A_RUN;
    while (kills < KILLS) {
      const subject = subjects[runs % subjects.length];
      const killed = new KilledRun(
        folder,
        subject,
        `run-${runs++}`,
        (course) => drawMoment(random, course, turn++),
      );
      try {
        await killed.through(Math.min(KILLS - kills, least + random.below(most - least + 1)));
      } catch (error) {
        throw new Error(`Seed ${SEED}, ${subject.name}, killed: ${killed.stages.join("; ")}`, {
          cause: error,
        });
      }
      kills += killed.stages.length;
      for (const stage of killed.stages) stages.set(stage, (stages.get(stage) ?? 0) + 1);
    }
    const seconds = Math.round((performance.now() - started) / 1000);
    console.log(`Seed ${SEED}: ${kills} kills of ${runs} runs in ${seconds} s, all as if undisturbed`);
    for (const [stage, count] of [...stages].sort()) console.log(`  ${`${count}`.padStart(4)}  ${stage}`);
  }));
