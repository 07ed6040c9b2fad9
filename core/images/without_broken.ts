import type { DataSource, ImageSet } from "../interfaces/data_source.ts";
import { formatDuration } from "../text/duration.ts";
import type { ViewPipeline } from "./pipeline/view_pipeline.ts";

/** Images that are left out. */
export interface SkippedImages {
  count: number;
  /** The first of them, and why; of very many not all. */
  images: { name: string; message: string }[];
}

/** Images that are named at the most. */
const NAMED = 1000;
/** Seconds between messages. */
const EVERY_SECONDS = 10;

/**
 * Looks at every image of a source before anything is done with them, and leaves out those that do not decode: a
 * damaged file is told now rather than hours later, and what comes after sees whole images alone.
 *
 * @returns the source, which is still to be disposed of, without them; and which they are.
 */
export async function withoutBroken(
  data: DataSource,
  pipeline: ViewPipeline,
  { log, signal }: { log(message: string): void; signal: AbortSignal },
): Promise<{ data: DataSource; skipped: SkippedImages }> {
  const kept = new Map<ImageSet, ImageSet>(), skipped: SkippedImages = { count: 0, images: [] };
  const check = async (images: ImageSet): Promise<ImageSet> => {
    const known = kept.get(images);
    if (known) return known;
    const started = performance.now();
    let shown = started;
    const indices: number[] = [];
    await pipeline.check(images, {
      signal,
      broken({ index, name, message }) {
        indices.push(index);
        if (++skipped.count <= NAMED) skipped.images.push({ name, message });
      },
      progress(done) {
        const now = performance.now(), left = (now - started) / done * (images.length - done) / 1000;
        if (now - shown < 1000 * EVERY_SECONDS) return;
        shown = now;
        log(`Looked at ${done} of ${images.length} images, ${formatDuration(left)} left`);
      },
    });
    const whole = leaveOut(images, indices);
    kept.set(images, whole);
    return whole;
  };
  const train = await check(data.train), { evaluation } = data;
  const checked = evaluation &&
    { gallery: await check(evaluation.gallery), queries: await check(evaluation.queries) };
  if (skipped.count) {
    log(`Left out, since they do not decode: ${skipped.count}. The first: ${skipped.images[0].message}`);
  }
  return { data: { train, evaluation: checked, [Symbol.dispose]() {} }, skipped };
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
