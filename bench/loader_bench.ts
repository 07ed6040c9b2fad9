/**
 * From JPEG files to batches of views: our pipeline and PyTorch's DataLoader, each with as many workers.
 *
 * @module
 */
import process from "node:process";
import { join } from "node:path";
import type { ImageReference } from "@seed/core";
import { ViewPipeline } from "@seed/core/host";
import plugin from "@seed/augmenter-moco-v2";
import { Contest, type Contestant, processorTime, ratio } from "./contest.ts";
import { numberOf } from "./environment.ts";
import { Peer } from "./peer.ts";
import { drawPhotographs } from "./photographs.ts";

const SIZE = 224, BATCH = 32, WORKERS = [1, 2];
/** Views of one call. */
const VIEWS = numberOf("SEED_BENCH_IMAGES", 512);
/** Files that the views are made of, in turn. */
const FILES = 128;

const drawn = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(drawn, { recursive: true }));
const folder = process.env.SEED_BENCH_FOLDER ?? drawn;
const files = folder === drawn ? await drawPhotographs(drawn, FILES) : await filesOf(folder);

const peer = Peer.start("loader.py", [folder, VIEWS, BATCH, SIZE]);
const versions = await peer?.ask<Record<string, string>>("describe");

const contests = await Promise.all(WORKERS.map(async (workers) => {
  const module = import.meta.resolve("@seed/augmenter-moco-v2");
  const augmenter = {
    module,
    exportName: "default",
    options: plugin.options.parse({ size: SIZE }),
    cacheDir: "",
  };
  const pipeline = await ViewPipeline.start({ augmenters: [augmenter], workers, seed: 0 });
  addEventListener("unload", () => void pipeline[Symbol.asyncDispose]());
  const ours: Contestant = { name: `SEED, ${workers}`, run: () => processorTime(() => takeAll(pipeline)) };
  const theirs = ["bytes", "normalized"].map((what): Contestant => ({
    name: `PyTorch, ${workers}, ${what}`,
    run: () => peer!.ask(`${workers} ${what}`),
  }));
  const contestants = peer ? [ours, ...theirs] : [ours];
  // Of one core, whatever the number of workers: views a second of processor time.
  const contest = new Contest(`${workers} workers`, contestants, { turns: peer ? 2 : 1, cores: 1 });
  return { workers, contestants, contest };
}));

addEventListener("unload", () => {
  console.log(`\n${VIEWS} views; ${Object.entries(versions ?? {}).map((pair) => pair.join(" ")).join(", ")}`);
  for (const { workers, contest, contestants } of contests) {
    const [ours, ...theirs] = contestants.map(({ name }) => contest.cost(name));
    console.log(`Workers: ${workers}`);
    for (const [i, cost] of theirs.entries()) {
      if (ours && cost) console.log(`Ours / ${contestants[i + 1].name}: ${ratio(ours, cost)}`);
    }
    const items = { count: VIEWS, name: "views" };
    console.log(contest.table(contestants.map(({ name }) => name), items).join("\n"));
  }
});

let taken = 0;

/** Makes so many views, none of them twice. */
async function takeAll(pipeline: ViewPipeline): Promise<void> {
  const images = files.map((file): ImageReference => ({ name: file, file }));
  const requests = Array.from({ length: Math.ceil(VIEWS / BATCH) }, () => {
    const places = Array.from({ length: BATCH }, () => taken++);
    return {
      images: places.map((i) => images[i % images.length]),
      keys: places.map((i) => ["view", i]),
      size: SIZE,
    };
  });
  for await (const _ of pipeline.batches(requests));
}

async function filesOf(folder: string): Promise<string[]> {
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  return names.filter((name) => /\.jpe?g$/i.test(name)).sort().map((name) => join(folder, name));
}
