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
import type { MemberReport, MemberStart } from "./processes/member.ts";
import { table, type Way } from "./processes/figures.ts";
import { Members } from "./processes/members.ts";
import { blocksOf } from "./processes/steps.ts";

const PHOTOGRAPHS = 128, RECIPE = `${ROOT}recipes/effb0.yaml`;
const BATCH = numberOf("SEED_BENCH_BATCH", 32), TURNS = numberOf("SEED_BENCH_TURNS", 4);
/** Steps that trace and allocate, and those of a way until it is the next one's turn, of which the first counts not. */
const FIRST = 4, BLOCK = 5;
/** Whether the teacher's embeddings come from a full cache, which makes steps shorter. */
const CACHES = process.env.SEED_BENCH_CACHE !== undefined;
/** Processes beside one. */
const COUNTS = (process.env.SEED_BENCH_PROCESSES ?? "2,4").split(",").map(Number);

const STUDENTS: Record<string, string[]> = {
  "EfficientNet-B0, 224 px": [],
  "ResNet-18, 64 px": [
    `student={ plugin: "@seed/student-resnet", depth: 18, head: { hidden: null } }`,
    "augmenter.size=64",
  ],
};
const ONLY = process.env.SEED_BENCH_STUDENT;
const results = new Map<string, Way[]>();

const folder = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
await Deno.mkdir(join(folder, "images"));
await drawPhotographs(join(folder, "images"), PHOTOGRAPHS);
const recipe = await loadRecipe(RECIPE, { defaults: DEFAULTS });
const { weights } = await recipe.teacher!.plugin.standIn!(recipe.teacher!.options as never, {
  ...{ folder, images: 0 },
}) as { weights: string };

const start = (student: string, batch: number): MemberStart => {
  const dir = join(folder, `cache ${student}`);
  return {
    recipe: RECIPE,
    out: join(Deno.makeTempDirSync({ dir: folder }), "run"),
    overrides: [
      ...[`data.root=${join(folder, "images")}`, `teacher.weights=${weights}`, "teacher.sha256=null"],
      ...["evaluate=null", "train.epochs=1000", "checkpoint.every_steps=1000000"],
      ...[`train.batch_size=${batch}`],
      ...CACHES ? [`teacher.cache={ dir: "${dir}", views: 4 }`] : [],
      ...STUDENTS[student],
    ],
  };
};

const students = Object.keys(STUDENTS).filter((name) => ONLY === undefined || name.includes(ONLY));
for (const student of students) {
  const ways = waysOf(student);
  let members: Members[] = [];
  addEventListener("unload", () => members.forEach((way) => way.kill()));
  Deno.bench({
    name: "start, first steps",
    group: student,
    n: 1,
    warmup: 0,
    fn: async () => {
      if (members.length) return; // `deno bench` calls it twice
      if (CACHES) await fill(start(student, BATCH));
      members = ways.map(({ begin }) => begin());
      await Promise.all(members.map((way) => way.take(FIRST)));
    },
  });
  for (let turn = 1; turn <= TURNS; turn++) {
    for (const [i, { name }] of ways.entries()) {
      // Nobody else goes on: each way has the machine's cores for itself.
      Deno.bench({
        ...{ name: `${name}, turn ${turn}`, group: student, n: 1, warmup: 0 },
        fn: async () => await members[i].take(BLOCK),
      });
    }
  }
  Deno.bench({
    name: "end",
    group: student,
    n: 1,
    warmup: 0,
    fn: async () => {
      if (members.length === 0) return;
      const reports: MemberReport[][] = [];
      for (const way of members) reports.push(await way.finish());
      members = [];
      results.set(
        student,
        ways.map(({ name, images }, i) => ({
          ...{ name, images, blocks: blocksOf(reports[i], { first: FIRST, block: BLOCK }) },
        })),
      );
    },
  });
}

/** Ways to spend the machine's cores on batches of `BATCH` images. */
function waysOf(student: string): { name: string; images: number; begin(): Members }[] {
  const ways = [{
    name: "1 process",
    images: BATCH,
    begin: () => Members.apart(CORES, [start(student, BATCH)]),
  }];
  for (const count of COUNTS) {
    // More runs than cores would be no measure of what separate cores allow.
    if (count <= CORES) {
      ways.push({
        name: `${count} runs apart`,
        images: BATCH,
        begin: () =>
          Members.apart(
            Math.floor(CORES / count),
            Array.from({ length: count }, () => start(student, BATCH / count)),
          ),
      });
    }
    ways.push({
      name: `${count} processes`,
      images: BATCH,
      begin: () => Members.together(count, start(student, BATCH)),
    });
  }
  return ways;
}

async function fill({ recipe, overrides }: MemberStart): Promise<void> {
  const sets = overrides.flatMap((set) => ["--set", set]);
  const { code, stderr } = await runCli(["cache", recipe, ...sets], { cwd: ROOT });
  if (code !== 0) throw new Error(stderr);
}

addEventListener("unload", () => {
  for (const [student, ways] of results) {
    const teacher = CACHES ? "from the cache" : "computed";
    console.log(`\n${student}, batch ${BATCH}, ${CORES} cores, the teacher's embeddings ${teacher}`);
    console.log(table(ways, CORES));
  }
});
