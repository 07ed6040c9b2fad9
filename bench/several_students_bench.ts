/**
 * What several students save that learn from one pass of the teacher: the four of `four_students.yaml` from ResNet-152
 * by the real command, together and one after the other, without a cache.
 *
 * @module
 */
import { join } from "node:path";
import { loadRecipes } from "@seed/core/host";
import { parse } from "yaml";
import { DEFAULTS } from "../cli/defaults.ts";
import { ROOT, runCli } from "../tests/support/cli.ts";
import { numberOf } from "./environment.ts";
import { drawPhotographs } from "./photographs.ts";

const RECIPE = "recipes/imagenet/moco_r50/four_students.yaml", PHOTOGRAPHS = 128;
const BATCH = numberOf("SEED_BENCH_BATCH", 32);
/** The first four steps do not count. */
const STEPS = numberOf("SEED_BENCH_STEPS", 12), TURNS = numberOf("SEED_BENCH_TURNS", 2);

const folder = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
await Deno.mkdir(join(folder, "images"));
await drawPhotographs(join(folder, "images"), PHOTOGRAPHS);

const teacher = ["teacher.network=resnet152"];
const recipes = await loadRecipes(ROOT + RECIPE, { overrides: teacher, defaults: DEFAULTS });
const { plugin, options } = recipes[0].teacher!;
const { weights } = await plugin.standIn!(options as never, { folder, images: 0 }) as { weights: string };
const settings = [
  ...teacher,
  ...[`teacher.weights=${weights}`, "teacher.sha256=null", `data.root=${join(folder, "images")}`],
  ...[`train.batch_size=${BATCH}`, "train.epochs=1000", "evaluate=null", "checkpoint.every_steps=1000000"],
];

/** Milliseconds of a step by way, one a turn. */
const steps = new Map<string, number[]>();

/** Runs the command, and takes down how long a step took. */
async function run(way: string, more: readonly string[]): Promise<void> {
  const out = join(await Deno.makeTempDir({ dir: folder }), "run");
  const sets = [...settings, ...more].flatMap((set) => ["--set", set]);
  const flags = ["--out", out, "--max-steps", `${STEPS}`, "--json"];
  const { code, stdout, stderr } = await runCli(["distill", RECIPE, ...flags, ...sets], { cwd: ROOT });
  if (code !== 0) throw new Error(stderr);
  const summary = JSON.parse(stdout), [one = summary] = Object.values(summary.students ?? {});
  const { images_per_second } = one as { images_per_second: number };
  steps.set(way, [...steps.get(way) ?? [], 1000 * BATCH / images_per_second]);
}

const alone = recipes.map(({ studentName, resolved }) => {
  const student = JSON.stringify((parse(resolved) as { student: unknown }).student);
  return [studentName!, ["students=null", `student=${student}`]] as const;
});
for (let turn = 1; turn <= TURNS; turn++) {
  for (const [way, more] of [...alone, ["together", []] as const]) {
    Deno.bench({ name: `${way}, turn ${turn}`, n: 1, warmup: 0, fn: async () => await run(way, more) });
  }
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

addEventListener("unload", () => {
  console.log(
    `\nA step of ${BATCH} photographs at 224 px, teacher ResNet-152, ${STEPS} steps, ${TURNS} turns, ms`,
  );
  for (const [way, each] of steps) {
    console.log(
      `${way.padEnd(20)}${mean(each).toFixed(0).padStart(8)}  (${
        each.map((ms) => ms.toFixed(0)).join(", ")
      })`,
    );
  }
  const one = steps.get("together");
  if (!one || alone.some(([way]) => !steps.has(way))) return;
  const sum = alone.reduce((sum, [way]) => sum + mean(steps.get(way)!), 0);
  console.log(
    `Together they take ${(mean(one) / sum).toFixed(2)} of the four runs' time, ${sum.toFixed(0)} ms`,
  );
});
