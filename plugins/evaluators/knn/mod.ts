/**
 * k nearest neighbours on backbone features: cosine similarity, votes weighted by `exp(similarity / temperature)`
 * (Wu et al., CVPR 2018; DINO's `eval_knn.py`).
 *
 * Where several images show the very same thing (identities), those of the query's identity are left out of its
 * neighbours: the figure is then about what *other* things of its class look like.
 *
 * @module
 */
import {
  definePlugin,
  type EvaluationInputs,
  type Evaluator,
  type Figures,
  nearestNeighbours,
  RunError,
  z,
} from "@seed/core";

class KnnEvaluator implements Evaluator {
  readonly name = "knn";

  constructor(private readonly options: { k: number; temperature: number }) {}

  async evaluate({ subject: { gallery, queries } }: EvaluationInputs): Promise<Figures> {
    const { k, temperature } = this.options;
    const [galleryLabel, queryLabel] = [gallery.images.label, queries.images.label];
    if (!galleryLabel || !queryLabel) {
      throw new RunError("The evaluator knn needs labelled images; the data has no classes");
    }
    if (k >= gallery.images.length) {
      throw new RunError(
        `The evaluator knn asks for ${k} neighbours of ${gallery.images.length} images; set evaluate.knn.k lower`,
      );
    }
    const same = sameIdentity(queries.images.identity, gallery.images.identity);
    const neighbours = await nearestNeighbours(
      { data: queries.features, dim: queries.featureDim },
      { data: gallery.features, dim: gallery.featureDim },
      { k, excluded: same },
    );
    const correct = neighbours.filter(({ indices, similarities }, query) => {
      const votes = new Map<number, number>();
      indices.forEach((row, i) => {
        const label = galleryLabel.call(gallery.images, row);
        votes.set(label, (votes.get(label) ?? 0) + Math.exp(similarities[i] / temperature));
      });
      return winner(votes) === queryLabel.call(queries.images, query);
    });
    return { top1: correct.length / neighbours.length };
  }
}

/** The label with the most votes; of equal ones the lowest. */
function winner(votes: Map<number, number>): number {
  let best = -1, most = -Infinity;
  for (const [label, vote] of votes) {
    if (vote > most || vote === most && label < best) [best, most] = [label, vote];
  }
  return best;
}

type Identity = ((index: number) => number) | undefined;

function sameIdentity(query: Identity, gallery: Identity): ((q: number, g: number) => boolean) | undefined {
  return query && gallery && ((q, g) => query(q) === gallery(g));
}

export default definePlugin({
  kind: "evaluator",
  name: "@seed/evaluator-knn",
  apiVersion: 1,
  about: {
    summary: "Class by weighted nearest neighbours on backbone features",
    source: "Wu et al., CVPR 2018",
  },
  options: z.strictObject({
    k: z.int().positive().default(20),
    temperature: z.number().positive().default(0.07),
  }),
  create: (options) => new KnnEvaluator(options),
});
