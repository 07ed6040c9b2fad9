/**
 * What several processes cost and gain on this machine: a step of `distill` in 1, 2 and 4 processes, which share the
 * cores out, beside runs at the same time that know nothing of each other. Those are what separate cores allow.
 *
 * @module
 */
import { join } from "node:path";
import process from "node:process";
import { loadRecipe } from "@seed/core/host";
import { DEFAULTS } from "../cli/defaults.ts";
import { ROOT, runCli } from "../tests/support/cli.ts";
import { CORES } from "./contest.ts";
import { numberOf } from "./environment.ts";
import { drawPhotographs } from "./photographs.ts";
import type { MemberStart } from "./processes/member.ts";
import { runApart, runTogether } from "./processes/run_members.ts";
import { figuresOf, table } from "./processes/figures.ts";
import { type Step, stepsOf } from "./processes/steps.ts";

const PHOTOGRAPHS = 128, RECIPE = `${ROOT}recipes/effb0.yaml`;
const BATCH = numberOf("SEED_BENCH_BATCH", 32), STEPS = numberOf("SEED_BENCH_STEPS", 16);
const TURNS = numberOf("SEED_BENCH_TURNS", 2);
/** Steps that trace and allocate. */
const FIRST = 4;
/** Whether the teacher's embeddings come from a full cache, which makes steps shorter. */
const CACHES = process.env.SEED_BENCH_CACHE !== undefined;
/** Steps do not count if other programs took more than this share of the machine. */
const QUIET = numberOf("SEED_BENCH_OTHERS_PERCENT", 5) / 100;

const STUDENTS: Record<string, string[]> = {
  "EfficientNet-B0, 224 px": [],
  "ResNet-18, 64 px": [
    `student={ plugin: "@seed/student-resnet", depth: 18, head: { hidden: null } }`,
    "augmenter.size=64",
  ],
};
const ONLY = process.env.SEED_BENCH_STUDENT;

const folder = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
await Deno.mkdir(join(folder, "images"));
await drawPhotographs(join(folder, "images"), PHOTOGRAPHS);
const recipe = await loadRecipe(RECIPE, { defaults: DEFAULTS });
const { weights } = await recipe.teacher!.plugin.standIn!(recipe.teacher!.options as never, {
  ...{ folder, images: 0 },
}) as { weights: string };

const start = (student: string, batch: number): MemberStart => {
  const views = Math.ceil(STEPS * batch / PHOTOGRAPHS), dir = join(folder, `cache ${student}`);
  return {
    recipe: RECIPE,
    out: join(Deno.makeTempDirSync({ dir: folder }), "run"),
    steps: STEPS,
    overrides: [
      ...[`data.root=${join(folder, "images")}`, `teacher.weights=${weights}`, "teacher.sha256=null"],
      ...["evaluate=null", "train.epochs=1000", "checkpoint.every_steps=1000000"],
      ...[`train.batch_size=${batch}`],
      ...CACHES ? [`teacher.cache={ dir: "${dir}", views: ${views} }`] : [],
      ...STUDENTS[student],
    ],
  };
};

/** Ways to spend the machine's cores on batches of `BATCH` images, by name; each returns the steps of its processes. */
const WAYS: Record<string, (student: string) => Promise<Step[][]>> = {
  "1 process": async (student) => stepsOf(await runApart(CORES, [start(student, BATCH)]), FIRST),
};
for (const count of [2, 4]) {
  const threads = Math.max(1, Math.floor(CORES / count));
  // More of them than cores would be no measure of what separate cores allow.
  if (count <= CORES) {
    WAYS[`${count} runs apart`] = async (student) => {
      const starts = Array.from({ length: count }, () => start(student, BATCH / count));
      return stepsOf(await runApart(threads, starts), FIRST);
    };
  }
  WAYS[`${count} processes`] = async (student) =>
    stepsOf(await runTogether(count, start(student, BATCH)), FIRST);
}

const steps = new Map<string, Step[][]>();
const students = Object.keys(STUDENTS).filter((name) => ONLY === undefined || name.includes(ONLY));
for (const student of students) {
  if (CACHES) await fill(start(student, BATCH));
  for (let turn = 1; turn <= TURNS; turn++) {
    for (const [name, run] of Object.entries(WAYS)) {
      Deno.bench({
        name: `${name}, turn ${turn}`,
        group: student,
        n: 1,
        warmup: 0,
        fn: async () => {
          const key = `${student}: ${name}`, found = await run(student), before = steps.get(key);
          steps.set(key, found.map((steps, rank) => [...before?.[rank] ?? [], ...steps]));
        },
      });
    }
  }
}

async function fill({ recipe, overrides }: MemberStart): Promise<void> {
  const sets = overrides.flatMap((set) => ["--set", set]);
  const { code, stderr } = await runCli(["cache", recipe, ...sets], { cwd: ROOT });
  if (code !== 0) throw new Error(stderr);
}

addEventListener("unload", () => {
  for (const student of students) {
    console.log(
      `\n${student}, batch ${BATCH}, ${CORES} cores, the teacher's embeddings ${
        CACHES ? "from the cache" : "computed"
      }`,
    );
    const figures = Object.keys(WAYS).map((name) => ({
      name,
      ...figuresOf(steps.get(`${student}: ${name}`) ?? [], {
        images: name.endsWith("runs apart") ? BATCH / Number.parseInt(name) : BATCH,
        isApart: name.endsWith("runs apart"),
        othersAtMost: QUIET * CORES,
      }),
    }));
    console.log(table(figures));
  }
});
