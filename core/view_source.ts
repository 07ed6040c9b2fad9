import type { Components } from "./components.ts";
import type { Stream } from "./loss_terms.ts";
import type { BatchRequest } from "./pipeline/view_pipeline.ts";
import type { Recipe } from "./recipe/load_recipe.ts";

/** A stream of views: the full ones, or the small patches. */
export interface ViewSource {
  readonly stream: Stream;
  /** First word of the keys of its random choices. */
  readonly purpose: string;
  /** Views of an image in a step. */
  readonly views: number;
  /** Numbers of those that the teacher sees, and of those that are of a neighbour. */
  readonly teacherViews: readonly number[];
  readonly neighbourViews: readonly number[];
  /** Side that the student sees them at, in pixels. */
  readonly size: number;
  /** Side that the teacher sees them at. */
  readonly teacherSize: number;
}

/** The streams of a recipe. */
export function viewSources(
  { needs, augmenter, patchAugmenter, teacher }: Pick<
    Components,
    "needs" | "augmenter" | "patchAugmenter" | "teacher"
  >,
  { smallPatches }: Pick<Recipe, "smallPatches">,
): ViewSource[] {
  const hasTeacher = needs.teacherViews.length > 0;
  // A teacher that sees views larger sees patches larger in proportion.
  const scale = (hasTeacher ? teacher!.inputSize ?? augmenter.size : augmenter.size) / augmenter.size;
  const sized = (size: number) => ({ size, teacherSize: Math.round(size * scale) });
  const sources: ViewSource[] = [{ stream: "views", purpose: "view", ...needs, ...sized(augmenter.size) }];
  if (!smallPatches) return sources;
  const { count } = smallPatches, all = Array.from({ length: count }, (_, patch) => patch);
  const patches = { views: count, teacherViews: hasTeacher ? all : [], neighbourViews: [] };
  const source: ViewSource = {
    stream: "patches",
    purpose: "small patch",
    ...patches,
    ...sized(patchAugmenter!.size),
  };
  return [...sources, source];
}

/**
 * What the pipeline is asked for: one view of each image.
 *
 * @param number Of the view, among all that an image ever has.
 */
export function viewRequest(
  { stream, purpose }: ViewSource,
  { data, seed, images, number, size }: {
    data: Components["data"];
    seed: number;
    images: readonly number[];
    number: number;
    size: number;
  },
): BatchRequest {
  return {
    images: images.map((image) => data.train.image(image)),
    keys: images.map((image) => [seed, purpose, image, number]),
    stream,
    size,
  };
}
