/// <reference lib="deno.worker" />
/**
 * A worker thread that makes views: reads the image, calls the augmenter, writes the pixels where it is told.
 *
 * @module
 */
import sharp from "sharp";
import type { Augmenter, Pixels } from "../augmenter.ts";
import type { ImageReference } from "../data_source.ts";
import type { Plugin } from "../plugin.ts";
import { Random } from "../random.ts";
import { readRange } from "../read_range.ts";
import { centerView } from "./center_view.ts";
import type { AugmenterModule, StartMessage, ViewTask, WorkerReply } from "./messages.ts";

// One image at a time in each of several workers, nothing seen twice.
sharp.concurrency(1);
sharp.cache(false);

/** By stream. */
const augmenters: Augmenter[] = [];
/** Files stay open: a source often keeps many images in one. */
const files = new Map<string, Deno.FsFile>();
const MAX_OPEN_FILES = 64;

const reply = (message: WorkerReply) => self.postMessage(message);

self.onmessage = async ({ data }: MessageEvent<StartMessage | ViewTask>) => {
  const id = data.kind === "view" ? data.id : null;
  try {
    if (data.kind === "start") {
      await start(data);
      reply({ kind: "ready" });
    } else {
      await makeView(data);
      reply({ kind: "done", id: data.id });
    }
  } catch (error) {
    reply({ kind: "failed", id, message: error instanceof Error ? error.message : String(error) });
  }
};

async function start({ augmenters: modules, seed }: StartMessage): Promise<void> {
  for (const module of modules) augmenters.push(await makeAugmenter(module, seed));
}

async function makeAugmenter(
  { module, exportName, options }: AugmenterModule,
  seed: number,
): Promise<Augmenter> {
  const plugin = (await import(module))[exportName] as Plugin<"augmenter">;
  return await plugin.create(options, {
    seed,
    resolve: (path) => path,
    cacheDir: "",
    log: (message) => console.error(message),
    signal: new AbortController().signal,
  });
}

async function makeView(task: ViewTask): Promise<void> {
  const { image, size, target, offset } = task;
  const view = await viewOf(await load(image), task);
  if (view.length !== size * size * 3) {
    throw new Error(
      `The augmenter returned ${view.length} bytes for a view of ${size} px, expected ${size * size * 3}`,
    );
  }
  new Uint8Array(target, offset, view.length).set(view);
}

async function viewOf(
  picture: Uint8Array | Pixels,
  { key, stream, size, shortSide }: ViewTask,
): Promise<Uint8Array> {
  if (key === null) return await centerView(picture, size, shortSide);
  const augmenter = augmenters[stream];
  if (!augmenter) throw new Error(`The pipeline was started without an augmenter for stream ${stream}`);
  return await augmenter.view(picture, new Random(...key), size);
}

async function load({ file, offset = 0, length, pixels }: ImageReference): Promise<Uint8Array | Pixels> {
  const data = length === undefined
    ? await Deno.readFile(file)
    : readRange(openFile(file), offset, length, file);
  return pixels ? { data, ...pixels } : data;
}

/** Synchronous where it is opened too: two tasks at once would open a file twice. */
function openFile(path: string): Deno.FsFile {
  const known = files.get(path);
  if (known) return known;
  if (files.size >= MAX_OPEN_FILES) {
    const [oldest, file] = files.entries().next().value!;
    file.close();
    files.delete(oldest);
  }
  const file = Deno.openSync(path);
  files.set(path, file);
  return file;
}
