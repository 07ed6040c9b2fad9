import type { Components } from "../components.ts";
import type { Stream } from "../training/loss_terms.ts";
import type { BatchRequest } from "../images/pipeline/view_pipeline.ts";
import type { KeyPart } from "../random.ts";
import type { Recipe } from "../recipe/load_recipe.ts";

/** A stream of views: the full ones, or one of small patches. */
export interface ViewSource {
  readonly stream: Stream;
  /** Of the folder of its teacher's cache. */
  readonly name: string;
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
  { needs, augmenter, patchAugmenters, teacher }: Pick<
    Components,
    "needs" | "augmenter" | "patchAugmenters" | "teacher"
  >,
  { smallPatches }: Pick<Recipe, "smallPatches">,
): ViewSource[] {
  const hasTeacher = needs.teacherViews.length > 0;
  // A teacher that sees views larger sees patches larger in proportion.
  const scale = (hasTeacher ? teacher!.inputSize ?? augmenter.size : augmenter.size) / augmenter.size;
  const sized = (size: number) => ({ size, teacherSize: Math.round(size * scale) });
  const views: ViewSource = { ...streamOf(0), ...needs, ...sized(augmenter.size) };
  const patches = smallPatches.map(({ count }, i): ViewSource => {
    const teacherViews = hasTeacher ? Array.from({ length: count }, (_, patch) => patch) : [];
    const { size } = patchAugmenters[i];
    return { ...streamOf(i + 1), views: count, teacherViews, neighbourViews: [], ...sized(size) };
  });
  return [views, ...patches];
}

/** Numbers, among all that an image ever has, of the fixed views that the teacher sees. */
export function fixedViews({ views, teacherViews }: ViewSource, rounds: number): number[] {
  return Array.from({ length: rounds }, (_, round) => teacherViews.map((view) => round * views + view))
    .flat();
}

/** What a stream is called. */
export function streamOf(stream: Stream): Pick<ViewSource, "stream" | "name" | "purpose"> {
  if (stream === 0) return { stream, name: "views", purpose: "view" };
  const number = stream > 1 ? `_${stream}` : "";
  return { stream, name: `patches${number}`, purpose: `small patch${number}` };
}

/** The key of a view's random choices. */
export function viewKey(
  { purpose }: Pick<ViewSource, "purpose">,
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
  source: ViewSource,
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
    keys: images.map((image) => viewKey(source, { seed, image, number })),
    stream: source.stream,
    size,
  };
}
