/**
 * Retrieval: whether the gallery image nearest to a query shows the same thing. The same is the same identity, or,
 * of images without identities, the same class.
 *
 * @module
 */
import {
  definePlugin,
  type EvaluationInputs,
  type Evaluator,
  type Figures,
  type ImageSet,
  nearestNeighbours,
  RunError,
  z,
} from "@seed/core";

class RetrievalEvaluator implements Evaluator {
  readonly name = "retrieval";

  constructor(private readonly signal: AbortSignal) {}

  async evaluate({ subject: { gallery, queries } }: EvaluationInputs): Promise<Figures> {
    const byIdentity = gallery.images.identity && queries.images.identity;
    const [galleryKey, queryKey] = [gallery, queries].map(({ images }) =>
      keyOf(images, byIdentity ? "identity" : "label")
    );
    const neighbours = await nearestNeighbours(
      { data: queries.features, dim: queries.featureDim },
      { data: gallery.features, dim: gallery.featureDim },
      { k: Math.min(5, gallery.images.length), signal: this.signal },
    );
    const hits = (k: number) =>
      neighbours.filter(({ indices }, query) =>
        indices.subarray(0, k).some((row) => galleryKey(row) === queryKey(query))
      );
    const share = (k: number) => hits(k).length / neighbours.length;
    // Among five or fewer images one of five nearest is a hit whatever the network makes of them.
    return gallery.images.length > 5 ? { top1: share(1), top5: share(5) } : { top1: share(1) };
  }
}

function keyOf(images: ImageSet, kind: "identity" | "label"): (index: number) => number {
  const key = images[kind];
  if (!key) {
    throw new RunError(
      "The evaluator retrieval needs images with identities or classes; the data has neither",
    );
  }
  return key.bind(images);
}

export default definePlugin({
  kind: "evaluator",
  name: "@seed/evaluator-retrieval",
  apiVersion: 1,
  about: { summary: "Whether the nearest image of the gallery shows the same thing" },
  options: z.strictObject({}),
  create: (_options, { signal }) => new RetrievalEvaluator(signal),
});
