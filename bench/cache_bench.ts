/**
 * What the teacher's cache saves: EfficientNet-B0 from ResNet-50 and ResNet-152 by the real command, with the cache
 * full and without one. Also how long steps wait for views.
 *
 * @module
 */
import { join } from "node:path";
import process from "node:process";
import { loadRecipe } from "@seed/core/host";
import { DEFAULTS } from "../cli/defaults.ts";
import { ROOT, runCli } from "../tests/support/cli.ts";
import { numberOf } from "./environment.ts";
import { drawPhotographs } from "./photographs.ts";

const RECIPES = { "ResNet-50": "effb0.yaml", "ResNet-152": "imagenet/moco_r152/effb0.yaml" };
const BATCH = 32, PHOTOGRAPHS = 128;
/** The first four steps do not count. */
const STEPS = numberOf("SEED_BENCH_STEPS", 16);
/** Of the teacher: `auto` is bf16 where the processor multiplies in it. */
const PRECISION = process.env.SEED_BENCH_PRECISION ?? "auto";
/** The one teacher that is looked at; default: both. */
const ONLY = process.env.SEED_BENCH_TEACHER;
const STUDENT_PRECISION = process.env.SEED_BENCH_STUDENT_PRECISION ?? "fp32";

const folder = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
await Deno.mkdir(join(folder, "images"));
await drawPhotographs(join(folder, "images"), PHOTOGRAPHS);

/** What a run says of itself. */
interface Speed {
  images_per_second: number;
  /** Share of the time that steps waited for views. */
  waited: number;
}

const speeds = new Map<string, Speed>();

for (const [teacher, path] of Object.entries(RECIPES)) {
  if (ONLY !== undefined && teacher !== ONLY) continue;
  const recipe = await loadRecipe(`${ROOT}recipes/${path}`, { defaults: DEFAULTS });
  const { plugin, options } = recipe.teacher!, made = join(folder, teacher);
  await Deno.mkdir(made);
  const { weights } = await plugin.standIn!(options as never, { folder: made, images: 0 }) as {
    weights: string;
  };
  const settings = [
    ...[`data.root=${join(folder, "images")}`, `teacher.weights=${weights}`, "teacher.sha256=null"],
    ...[`teacher.precision=${PRECISION}`, `train.precision=${STUDENT_PRECISION}`],
    ...[`train.batch_size=${BATCH}`, "evaluate=null", "train.epochs=1000"],
  ];
  const cache = `teacher.cache={ dir: ${join(made, "cache")}, views: ${
    Math.ceil(STEPS * BATCH / PHOTOGRAPHS)
  } }`;
  const command = async ([verb, ...sets]: string[], flags: string[] = []): Promise<string> => {
    const args = [verb, `recipes/${path}`, ...flags, "--json", ...sets.flatMap((set) => ["--set", set])];
    const { code, stdout, stderr } = await runCli(args, { cwd: ROOT });
    if (code !== 0) throw new Error(stderr);
    return stdout;
  };
  const run = async (more: string[]): Promise<Speed> => {
    const out = join(await Deno.makeTempDir({ dir: folder }), "run");
    const summary = await command(["distill", ...settings, ...more], [
      "--out",
      out,
      "--max-steps",
      `${STEPS}`,
    ]);
    const { images_per_second, data_wait_seconds } = JSON.parse(summary);
    return { images_per_second, waited: data_wait_seconds * images_per_second / (STEPS * BATCH) };
  };
  await command(["cache", ...settings, cache]);
  for (const [way, more] of Object.entries({ "without a cache": [], "from its cache": [cache] })) {
    const name = `${teacher}, ${way}`;
    Deno.bench({
      name,
      group: teacher,
      n: 1,
      warmup: 0,
      fn: async () => void speeds.set(name, await run(more)),
    });
  }
}

addEventListener("unload", () => {
  console.log(
    `\n${STEPS} steps of ${BATCH} photographs at 224 px, teacher in ${PRECISION}, student in ${STUDENT_PRECISION}`,
  );
  for (const [name, { images_per_second, waited }] of speeds) {
    console.log(
      `${name.padEnd(30)}${images_per_second.toFixed(1).padStart(8)} images/s, waited for views ${
        (100 * waited).toFixed(1)
      } %`,
    );
  }
  for (const teacher of Object.keys(RECIPES)) {
    const [without, from] = ["without a cache", "from its cache"].map((way) =>
      speeds.get(`${teacher}, ${way}`)
    );
    if (without && from) {
      const ratio = from.images_per_second / without.images_per_second;
      console.log(`${teacher}: ${ratio.toFixed(2)} times as fast from the cache`);
    }
  }
});
