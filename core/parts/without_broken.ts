import type { DataSource, ImageReference, ImageSet } from "../interfaces/data_source.ts";
import { RunError } from "../errors.ts";
import type { BrokenImage, ViewPipeline } from "../images/pipeline/view_pipeline.ts";
import { StandIns } from "../images/stand_ins.ts";
import { agree, listingFact } from "../processes/agree.ts";
import { goOnTogether } from "../processes/go_on_together.ts";
import type { Processes } from "../processes/processes.ts";
import { ProgressLine } from "../text/progress_line.ts";

/** Images that are left out. */
export interface SkippedImages {
  count: number;
  /** The first of them, and why; of very many not all. */
  images: { name: string; message: string }[];
}

/** Images that are named at the most. */
const NAMED = 1000;

/** A source, and which of its images do not decode. */
export interface WithoutBroken {
  /** Still to be disposed of. What to train on is as it was listed; what to evaluate on is without them. */
  data: DataSource;
  /** What is shown in training in their places. */
  standIns: StandIns;
  skipped: SkippedImages;
}

/**
 * Looks at every image of a source before anything is done with them, and finds those that do not decode: a damaged
 * file is told now rather than hours later, and what comes after sees whole images alone. Of several processes each looks
 * at a part of them, and all know what all have found.
 *
 * @throws {RunError} If none can be trained on.
 */
export async function withoutBroken(
  data: DataSource,
  pipeline: ViewPipeline,
  host: { log(message: string): void; signal: AbortSignal },
  processes: Processes | null = null,
): Promise<WithoutBroken> {
  const known = new Map<ImageSet, number[]>(), skipping = new Skipping();
  const brokenOf = async (images: ImageSet) => {
    const broken = known.get(images) ?? await findBroken(images, pipeline, skipping, host, processes);
    known.set(images, broken);
    return broken;
  };
  const standIns = new StandIns(data.train.length, await brokenOf(data.train));
  const whole = async (images: ImageSet) => leaveOut(images, await brokenOf(images));
  const evaluation = data.evaluation &&
    { gallery: await whole(data.evaluation.gallery), queries: await whole(data.evaluation.queries) };
  const skipped = skipping.tell(host);
  return {
    data: { train: data.train, evaluation, [Symbol.dispose]() {} },
    standIns,
    skipped,
  };
}

/**
 * The same of one set.
 *
 * @returns the set without those that do not decode; and which they are.
 */
export async function withoutBrokenImages(
  images: ImageSet,
  pipeline: ViewPipeline,
  host: { log(message: string): void; signal: AbortSignal },
  processes: Processes | null = null,
): Promise<{ images: ImageSet; skipped: SkippedImages }> {
  const skipping = new Skipping();
  const whole = leaveOut(images, await findBroken(images, pipeline, skipping, host, processes));
  return { images: whole, skipped: skipping.tell(host) };
}

/** Counts images that are left out, each once: a gallery may be of those to train on. */
class Skipping {
  readonly #images: SkippedImages["images"] = [];
  readonly #places = new Set<string>();

  add({ name, file, offset = 0, reader }: ImageReference, message: string): void {
    // A reader may know an image by its name alone.
    const place = reader ? JSON.stringify([reader, name, file, offset]) : `${offset} ${file}`;
    if (!this.#places.has(place) && this.#images.length < NAMED) this.#images.push({ name, message });
    this.#places.add(place);
  }

  /** Tells of them, and returns them. */
  tell({ log }: { log(message: string): void }): SkippedImages {
    const count = this.#places.size, images = this.#images;
    if (count) log(`Left out, since they do not decode: ${count}. The first: ${images[0].message}`);
    return { count, images };
  }
}

/** Their indices, ascending; they are added to what is skipped. */
async function findBroken(
  images: ImageSet,
  pipeline: ViewPipeline,
  skipping: Skipping,
  host: { log(message: string): void; signal: AbortSignal },
  processes: Processes | null,
): Promise<number[]> {
  const found = processes
    ? await lookTogether(images, pipeline, host, processes)
    : await look(images, pipeline, host, { rank: 0, size: 1 });
  for (const { index, message } of found) skipping.add(images.image(index), message);
  return found.map(({ index }) => index);
}

/** A process's share of the images: of as many as there are processes one. */
async function look(
  images: ImageSet,
  pipeline: ViewPipeline,
  { signal }: { signal: AbortSignal },
  { rank, size }: Pick<Processes, "rank" | "size">,
): Promise<BrokenImage[]> {
  const found: BrokenImage[] = [], place = (i: number) => rank + i * size;
  const share = {
    length: Math.max(0, Math.ceil((images.length - rank) / size)),
    image: (i: number) => images.image(place(i)),
  };
  using progress = rank === 0
    ? new ProgressLine("Looking at images", { total: images.length, unit: "images" })
    : null; // one of several processes tells of all
  await pipeline.check(share, {
    signal,
    broken: ({ index, ...why }) => found.push({ index: place(index), ...why }),
    progress: (done) => progress?.update(Math.min(images.length, done * size)),
  });
  return found;
}

/** All processes know what all have found, and stop together. */
async function lookTogether(
  images: ImageSet,
  pipeline: ViewPipeline,
  host: { log(message: string): void; signal: AbortSignal },
  processes: Processes,
): Promise<BrokenImage[]> {
  // What is shared out must be one listing; that others have more sets, or fewer, is seen here too.
  await agree(processes, { "listing of images": listingFact(images) });
  let own: BrokenImage[] = [], stops = false, failure: { at: number; error: RunError } | null = null;
  try {
    own = await look(images, pipeline, host, processes);
  } catch (error) {
    stops = host.signal.aborted && error === host.signal.reason;
    if (!stops && !(error instanceof RunError)) throw error;
    if (error instanceof RunError) failure = { at: processes.rank, error };
  }
  await goOnTogether(processes, { stops, failure });
  const told = own.map(({ index, name, message }, i) => i < NAMED ? { index, name, message } : { index });
  const all = await processes.exchange(JSON.stringify(told));
  return all.flatMap((text) => JSON.parse(text) as BrokenImage[]).sort((a, b) => a.index - b.index);
}

/** The set without some of its images; their indices ascend. */
function leaveOut(images: ImageSet, indices: readonly number[]): ImageSet {
  if (indices.length === 0) return images;
  const out = new Set(indices), kept = new Uint32Array(images.length - indices.length);
  for (let i = 0, at = 0; i < images.length; i++) if (!out.has(i)) kept[at++] = i;
  return {
    length: kept.length,
    image: (i) => images.image(kept[i]),
    label: images.label && ((i) => images.label!(kept[i])),
    classNames: images.classNames,
    identity: images.identity && ((i) => images.identity!(kept[i])),
  };
}
