import type { ImageSet } from "../interfaces/data_source.ts";
import type { Teacher } from "../interfaces/teacher.ts";
import type { BatchRequest } from "../images/pipeline/view_pipeline.ts";
import type { KeyPart } from "../random.ts";
import { teacherSides } from "../recipe/view_sides.ts";
import type { ViewStream } from "./streams.ts";

/** A stream of views with the sizes that student and teacher see them at. */
export interface ViewSource extends ViewStream {
  /** Side that the student sees them at, in pixels. */
  readonly size: number;
  /** Side that the teacher sees them at. */
  readonly teacherSize: number;
}

/**
 * Gives streams their sizes.
 *
 * @param augmenters One a stream.
 */
export function viewSources(
  streams: readonly ViewStream[],
  { augmenters, teacher }: {
    augmenters: readonly { readonly size: number }[];
    teacher: Pick<Teacher, "inputSize"> | null;
  },
): ViewSource[] {
  const sizes = augmenters.map(({ size }) => size), [{ teacherViews }] = streams;
  const seen = teacherSides(sizes, teacherViews.length ? teacher!.inputSize : null);
  return streams.map((stream) => {
    const { augmenter } = stream;
    return { ...stream, size: sizes[augmenter], teacherSize: seen[augmenter] };
  });
}

/**
 * Number of a view among all that an image ever has.
 *
 * @param round Times that the image was shown before: epochs; with a cache, epochs modulo its fixed views.
 * @param view Number of the view in a step.
 */
export function viewNumber({ views }: Pick<ViewStream, "views">, round: number, view: number): number {
  return round * views + view;
}

/** Numbers, among all that an image ever has, of the fixed views that the teacher sees. */
export function fixedViews(
  stream: Pick<ViewStream, "views" | "teacherViews">,
  rounds: number,
): number[] {
  return Array.from(
    { length: rounds },
    (_, round) => stream.teacherViews.map((view) => viewNumber(stream, round, view)),
  ).flat();
}

/** The key of a view's random choices. */
export function viewKey(
  { purpose }: Pick<ViewStream, "purpose">,
  { seed, image, number }: { seed: number; image: number; number: number },
): KeyPart[] {
  return [seed, purpose, image, number];
}

/**
 * What the pipeline is asked for: one view of each image.
 *
 * @param number Of the view, among all that an image ever has.
 */
export function viewRequest(
  source: ViewStream,
  { train, seed, images, number, size }: {
    train: ImageSet;
    seed: number;
    images: readonly number[];
    number: number;
    size: number;
  },
): BatchRequest {
  return {
    images: images.map((image) => train.image(image)),
    keys: images.map((image) => viewKey(source, { seed, image, number })),
    augmenter: source.augmenter,
    size,
  };
}
