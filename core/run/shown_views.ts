import type { PicturesRecord } from "../interfaces/logger.ts";
import type { ProcessParts } from "../parts/process_parts.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { streamsOf } from "../views/streams.ts";
import { viewNumber, viewRequest, viewSources } from "../views/view_source.ts";

/** Images that are shown, spread over the listing, and views of each: those of the first epochs. */
const IMAGES = 8, VIEWS = 4;

/**
 * Some views as training shows them to the student, to the bit, but before they are mixed (`train.mixup`): a row an
 * image. Of small patches there is a record of their own.
 */
export async function shownViews(
  recipe: Recipe,
  { augmenters, teacher, data: { train }, standIns, pipeline }: Pick<
    ProcessParts,
    "augmenters" | "teacher" | "data" | "standIns" | "pipeline"
  >,
): Promise<PicturesRecord[]> {
  const count = Math.min(IMAGES, train.length), { seed } = recipe;
  const images = Array.from({ length: count }, (_, i) => standIns.of(Math.floor(i * train.length / count)));
  const rounds = Math.min(VIEWS, recipe.teacher?.cache?.views ?? VIEWS), records: PicturesRecord[] = [];
  for (const source of viewSources(streamsOf(recipe), { augmenters, teacher })) {
    const { size } = source, bytes = size * size * 3;
    const requests = Array.from({ length: rounds }, (_, round) => ({
      ...viewRequest(source, { train, seed, images, number: viewNumber(source, round, 0), size }),
      tag: null,
    }));
    const rows = images.map(() => [] as { data: Uint8Array; width: number; height: number }[]);
    for await (const { pixels } of pipeline.batches(requests)) {
      rows.forEach((row, i) =>
        row.push({ data: pixels.slice(i * bytes, (i + 1) * bytes), width: size, height: size })
      );
    }
    records.push({ step: 0, name: source.name, rows });
  }
  return records;
}
