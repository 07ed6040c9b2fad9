import { join } from "node:path";
import { RunError, writeSafetensors } from "@seed/core";
import { listCaches, readRun, renderComparison, renderRun, RunFolder } from "@seed/core/host";
import { requireNewestWhole } from "../../../core/run/checkpoints.ts";
import { MetricsFile, readMetrics } from "../../../core/run/metrics_file.ts";
import { DiskStore } from "../../../core/teacher_cache/disk_store.ts";
import { DIM, rowOf } from "../../../core/teacher_cache/testdata/rows.ts";
import { runs } from "../../../cli/listings/runs.ts";
import { ROOT } from "../../support/cli.ts";
import { utf8 } from "../../support/bytes.ts";
import type { Reader, Seed } from "../reader.ts";

const WORDS = [
  "null",
  "[]",
  "{}",
  '"step":',
  '"step":-1',
  '"loss":null',
  '"loss":"x"',
  "1e309",
  '"evaluation":null',
  '"evaluation":{"knn":3}',
  '"network":"student"',
  "\n",
  "}{",
  '"\\u0000"',
  '"\\u001b[2J"',
];

function metricsLines(): string {
  const steps = Array.from(
    { length: 6 },
    (_, i) => ({ step: i + 1, epoch: 1, loss: 3.2 - i / 10, lr: 0.1, images_per_second: 80 }),
  );
  const evaluation = { step: 6, epoch: 2, network: "student", evaluation: { knn: { top1: 0.5, top5: 1 } } };
  return [...steps, evaluation].map((line) => JSON.stringify(line) + "\n").join("");
}

/** The files of a folder that something has made. */
async function madeBy(make: (folder: string) => Promise<void>): Promise<Record<string, Uint8Array>> {
  const folder = await Deno.makeTempDir(), files: Record<string, Uint8Array> = {};
  try {
    await make(folder);
    const names = [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile).map(({ name }) => name).sort();
    for (const name of names) files[name] = await Deno.readFile(join(folder, name));
    return files;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(): Promise<Record<string, Uint8Array>> {
  const tensors = [{
    name: "student.conv.weight",
    shape: [4, 3, 3, 3],
    data: new Float32Array(108).fill(0.5),
  }];
  const checkpoint = await madeBy((folder) =>
    writeSafetensors(join(folder, "c"), tensors, { step: "6", epoch: "2", seed: "1" }, { checksum: true })
  );
  const json = (value: unknown) => utf8(JSON.stringify(value, null, 2));
  return {
    "recipe.yaml": await Deno.readFile(`${ROOT}recipes/demo.yaml`),
    "run.json": json({ seed: 1, device: "cpu", counts: { images: 12, classes: ["a", "b"] } }),
    "summary.json": json({ steps: 6, final_loss: 2.7, images_per_second: 80, evaluations: [] }),
    "metrics.jsonl": utf8(metricsLines()),
    "checkpoints/step-0000003.safetensors": checkpoint.c,
    "checkpoints/step-0000006.safetensors": checkpoint.c,
  };
}

const OPTIONS = {
  identity: { of: "tests" },
  about: {},
  dim: DIM,
  precision: "fp16",
  images: 40,
  log() {},
} as const;
const open = (folder: string) => DiskStore.open(folder, { ...OPTIONS, signal: new AbortController().signal });
const VIEWS = Array.from({ length: 30 }, (_, i) => ({ image: i % 10, view: Math.floor(i / 10) }));

/** What a cache says that it has must be right. */
async function readCache(folder: string): Promise<void> {
  using store = await open(folder);
  const missing = new Set(store.missing(VIEWS));
  for (const id of VIEWS) {
    if (missing.has(id)) continue;
    const row = store.row(id), right = rowOf(id);
    if (row.some((value, i) => value !== right[i])) {
      throw new Error(`the row of ${JSON.stringify(id)} is wrong`);
    }
  }
  const again = VIEWS.filter((id) => missing.has(id));
  store.add(again, again.map(rowOf));
}

const SAMPLES = {
  ...{ format: 1, queries: 4, gallery: 6, asked: [2] },
  map: { images: [0, 1, 3], labels: [0, 1, 0], classes: ["a", "b"], classes_in_all: 2 },
  networks: {
    student: {
      ...{ step: 6, points: [[0, 1], [1, 0], [0.5, 0]], shares: [0.5, 0.25] },
      neighbours: [[{ image: 5, similarity: 0.9 }]],
    },
  },
  pictures: {
    "query 2": { name: "2.jpg", class: "a", webp: "UklGRg==" },
    "gallery 5": { name: "5.jpg", class: "b", webp: "UklGRg==" },
  },
};

export const RUNS: readonly Reader[] = [
  {
    name: "cache",
    async seeds() {
      const files = await madeBy(async (folder) => {
        using store = await open(folder);
        store.add(VIEWS, VIEWS.map(rowOf));
      });
      return [{ name: "cache", files, victims: Object.keys(files).filter((name) => !name.endsWith("lock")) }];
    },
    read: readCache,
    words: ['"format":', '"identity":{}', '"identity":null', "1e99", "[]"],
  },
  {
    name: "cache-listing",
    seeds: () => {
      const identity = {
        teacher: { plugin: "@seed/teacher-moco", dimensions: DIM },
        data: { plugin: "x", images: 40 },
        kept_in: "fp16",
      };
      const text = JSON.stringify({ format: 1, identity, about: { data: { root: "images" } } });
      return [{ name: "manifest", files: { "one/cache.json": utf8(text) } }];
    },
    read(folder) {
      const [found] = listCaches(folder);
      if (found.problem !== null) throw new RunError(found.problem);
    },
    words: ['"dimensions":0', '"kept_in":"fp8"', "null", "1e99", "9007199254740993"],
  },
  {
    name: "run-folder",
    seeds: async (): Promise<Seed[]> => [{ name: "run", files: await run() }],
    async read(folder) {
      const found = new RunFolder(folder);
      await found.metrics();
      await found.summary();
      await found.facts();
      await requireNewestWhole(found);
    },
    words: WORDS,
  },
  {
    name: "report",
    seeds: async (): Promise<Seed[]> => {
      const { "recipe.yaml": recipe, "run.json": facts, "metrics.jsonl": metrics } = await run();
      const timings = `{"step":0,"pause_seconds":2}\n{"step":1,"seconds":1,"data_wait_seconds":0.5}\n`;
      const files = {
        ...{ "recipe.yaml": recipe, "run.json": facts, "metrics.jsonl": metrics },
        ...{ "samples.json": utf8(JSON.stringify(SAMPLES)), "timings.jsonl": utf8(timings) },
      };
      return [{
        name: "run",
        files,
        victims: ["samples.json", "timings.jsonl", "metrics.jsonl", "recipe.yaml"],
      }];
    },
    async read(folder) {
      const found = await readRun(new RunFolder(folder)), page = renderRun(found);
      renderComparison([found, found]);
      if (/<script|<img src="(?!data:image\/webp;base64,[\w+/=]*")/.test(page)) {
        throw new Error("a file's text is markup");
      }
      if (found.problems.length) throw new RunError(found.problems[0]);
    },
    words: [...WORDS, '"><script>', '"points":[]', '"labels":null', '"webp":"x\\""', '"asked":[9]'],
  },
  {
    name: "listing-of-runs",
    seeds: async (): Promise<Seed[]> => {
      const { "recipe.yaml": recipe, "summary.json": summary, "metrics.jsonl": metrics } = await run();
      const files = {
        "runs/one/recipe.yaml": recipe,
        "runs/one/summary.json": summary,
        "runs/one/metrics.jsonl": metrics,
      };
      return [{ name: "run", files, victims: ["runs/one/summary.json", "runs/one/metrics.jsonl"] }];
    },
    async read(folder) {
      const before = Deno.cwd();
      Deno.chdir(folder);
      try {
        for (const item of await runs.items()) {
          runs.cells(item);
          if (item.problem !== null) throw new RunError(item.problem);
        }
      } finally {
        Deno.chdir(before);
      }
    },
    words: WORDS,
  },
  {
    name: "metrics",
    seeds: () => [{ name: "metrics", files: { "metrics.jsonl": utf8(metricsLines()) } }],
    async read(folder) {
      const path = join(folder, "metrics.jsonl"), told: string[] = [];
      {
        using _file = await MetricsFile.open(path, 6, (message) => told.push(message));
      }
      await readMetrics(path); // what was opened to go on is whole again
    },
    words: WORDS,
  },
];
