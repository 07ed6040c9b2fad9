/// <reference lib="deno.worker" />
/**
 * A worker thread that makes views: reads the image, calls the augmenter, writes the pixels where it is told.
 *
 * @module
 */
import sharp from "sharp";
import type { Augmenter, Pixels } from "../../interfaces/augmenter.ts";
import type { Plugin } from "../../interfaces/plugin.ts";
import { printable } from "../../text/printable.ts";
import { AugmenterError } from "../augmenter_error.ts";
import { contextOf } from "./plugin_context.ts";
import { Random } from "../../random.ts";
import { centerView } from "./center_view.ts";
import { isBloated } from "./kernels/arena.ts";
import { loadImage } from "./load_image.ts";
import { makeConsoleSafe } from "../../text/safe_console.ts";
import type { AbortMessage, AugmenterModule, StartMessage, ViewTask, WorkerReply } from "./messages.ts";

// One image at a time in each of several workers, nothing seen twice.
sharp.concurrency(1);
sharp.cache(false);

makeConsoleSafe(); // an augmenter of others may print what it is given

/** By number. */
const augmenters: Augmenter[] = [];
/** Tells the augmenters that nobody waits for them any more. */
const abort = new AbortController();

const reply = (message: WorkerReply) => self.postMessage(message);

self.onmessage = async ({ data }: MessageEvent<StartMessage | AbortMessage | ViewTask>) => {
  if (data.kind === "abort") return end(data);
  const id = data.kind === "view" ? data.id : null;
  try {
    if (data.kind === "start") {
      await start(data);
      reply({ kind: "ready" });
    } else {
      await makeView(data);
      reply({ kind: "done", id: data.id, isBloated: isBloated() });
    }
  } catch (error) {
    const message = printable(error instanceof Error ? error.message : String(error));
    const isPictures = !(error instanceof AugmenterError);
    reply({ kind: "failed", id, message, isPictures, isBloated: isBloated() });
  }
};

async function start({ augmenters: modules, ...given }: StartMessage): Promise<void> {
  for (const module of modules) augmenters.push(await makeAugmenter(module, given));
}

function end({ reason, isEnd }: AbortMessage): void {
  abort.abort(new DOMException(reason, "AbortError"));
  // After what awaits the signal has gone on.
  if (isEnd) setTimeout(() => reply({ kind: "ended" }), 0);
}

async function makeAugmenter(
  { module, exportName, options, cacheDir }: AugmenterModule,
  { seed, base }: Pick<StartMessage, "seed" | "base">,
): Promise<Augmenter> {
  const plugin = (await import(module))[exportName] as Plugin<"augmenter">;
  const host = { log: (message: string) => reply({ kind: "log", message }), signal: abort.signal };
  return await plugin.create(options, contextOf({ seed, cacheDir, base }, host));
}

async function makeView(task: ViewTask): Promise<void> {
  const { image, size, target, offset } = task;
  const view = await viewOf(await loadImage(image), task);
  if (view.length !== size * size * 3) {
    throw new AugmenterError(
      `The augmenter returned ${view.length} bytes for a view of ${size} px, expected ${size * size * 3}`,
    );
  }
  new Uint8Array(target, offset, view.length).set(view);
}

async function viewOf(
  picture: Uint8Array | Pixels,
  { key, augmenter: number, size, shortSide }: ViewTask,
): Promise<Uint8Array> {
  if (key === null) return await centerView(picture, size, shortSide);
  const augmenter = augmenters[number];
  if (!augmenter) throw new AugmenterError(`The pipeline was started without an augmenter ${number}`);
  return await augmenter.view(picture, new Random(...key), size);
}
