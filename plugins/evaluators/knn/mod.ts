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
  accuracy,
  byClass,
  classCount,
  type Classified,
  definePlugin,
  type Embedded,
  type EmbeddedSet,
  type EvaluationDetails,
  type EvaluationInputs,
  type Evaluator,
  type Figures,
  labelsOf,
  type Matrix,
  nearestNeighbours,
  type Neighbours,
  quoted,
  rankOf,
  RunError,
  z,
} from "@seed/core";

/** What votes are cast on: the backbone's features, or what the projection head makes of them. */
type Space = "features" | "embedding";

interface KnnOptions {
  k: number | readonly number[];
  temperature: number;
  on: Space | "both";
}

class KnnEvaluator implements Evaluator {
  readonly name = "knn";
  readonly #ks: readonly number[];

  constructor(private readonly options: KnnOptions, private readonly signal: AbortSignal) {
    this.#ks = typeof options.k === "number" ? [options.k] : options.k;
  }

  async evaluate({ subject, report }: EvaluationInputs): Promise<Figures> {
    const { on } = this.options, figures: Figures = {};
    const spaces: Space[] = on === "both" ? ["features", "embedding"] : [on];
    for (const space of spaces) {
      for (const { k, fewest, classified } of await this.#classify(subject, space)) {
        for (const [name, value] of Object.entries(accuracy(classified))) {
          figures[`${space === "embedding" ? "embedding_" : ""}${name}${this.#suffix(k)}`] = value;
        }
        if (space === spaces[0] && k === this.#ks[0]) {
          report?.(this.#details(subject, space, { fewest, classified }));
        }
      }
    }
    return figures;
  }

  /** Classifies by each number of neighbours; the nearest are searched for once. */
  async #classify(
    { gallery, queries }: Embedded,
    space: Space,
  ): Promise<{ k: number; fewest: number; classified: Classified }[]> {
    const labels = [queries, gallery].map(({ images }) => labelsOf(images, this.name));
    const most = Math.max(...this.#ks);
    if (most >= gallery.images.length) {
      throw new RunError(
        `The evaluator knn asks for ${most} neighbours of ${gallery.images.length} images; set evaluate.knn.k lower`,
      );
    }
    const excluded = sameIdentity(queries.images.identity, gallery.images.identity);
    const rows = [queries, gallery].map((set) => matrixOf(set, space));
    const neighbours = await nearestNeighbours(rows[0], rows[1], { k: most, excluded, signal: this.signal });
    const alone = neighbours.findIndex(({ indices }) => indices.length === 0);
    if (alone >= 0) {
      throw new RunError(
        `The evaluator knn finds no neighbour for ${
          quoted(queries.images.image(alone).name)
        }: all ${gallery.images.length} ` +
          "images of the gallery show the same thing as it",
      );
    }
    const { classNames } = queries.images, { temperature } = this.options, classes = classCount(...labels);
    return this.#ks.map((k) => {
      const ranks: number[] = [], predicted: number[] = [];
      neighbours.forEach((found, query) => {
        const votes = votesOf(found, { k, labels: labels[1], classes, temperature });
        ranks.push(rankOf(votes, labels[0][query]));
        predicted.push(winner(votes));
      });
      const fewest = neighbours.reduce((least, { indices }) => Math.min(least, indices.length), k);
      return { k, fewest, classified: { ranks, predicted, labels: labels[0], classes, classNames } };
    });
  }

  #suffix(k: number): string {
    return typeof this.options.k === "number" ? "" : `_k${k}`;
  }

  #details(
    { gallery, queries }: Embedded,
    space: Space,
    { fewest, classified }: { fewest: number; classified: Classified },
  ): EvaluationDetails {
    const what = space === "features" ? "the backbone's features" : "the projection head's output";
    const [k] = this.#ks, few = fewest < k ? ` (${fewest} where no more show another thing)` : "";
    return {
      protocol: `${k} nearest neighbours${few} by cosine of ${what}, votes exp(similarity / ` +
        `${this.options.temperature})`,
      ...{ gallery: gallery.images.length, queries: queries.images.length, seed: null },
      ...byClass(classified),
    };
  }
}

/**
 * Each class's sum of votes, in units of the nearest neighbour's: `exp(1 / temperature)` itself is no number below a
 * temperature of 0.0014.
 */
function votesOf(
  { indices, similarities }: Neighbours,
  options: { k: number; labels: ArrayLike<number>; classes: number; temperature: number },
): Float64Array {
  const { k, labels, classes, temperature } = options, votes = new Float64Array(classes);
  for (let i = 0; i < Math.min(k, indices.length); i++) {
    votes[labels[indices[i]]] += Math.exp((similarities[i] - similarities[0]) / temperature);
  }
  return votes;
}

/** The class with the most votes; of equal ones the lowest. */
function winner(votes: Float64Array): number {
  return votes.reduce((best, vote, label) => vote > votes[best] ? label : best, 0);
}

function matrixOf({ features: data, featureDim: dim, embedding }: EmbeddedSet, space: Space): Matrix {
  if (space === "features") return { data, dim };
  // A teacher's features are its embedding.
  return embedding ? { data: embedding.values, dim: embedding.dim } : { data, dim };
}

type Identity = ((index: number) => number) | undefined;

function sameIdentity(query: Identity, gallery: Identity): ((q: number, g: number) => boolean) | undefined {
  return query && gallery && ((q, g) => query(q) === gallery(g));
}

/** Each query keeps as many; published figures have up to 200. */
const neighbours = z.int().positive().max(10_000);

export default definePlugin({
  kind: "evaluator",
  name: "@seed/evaluator-knn",
  apiVersion: 1,
  about: {
    summary: "Class by weighted nearest neighbours on backbone features",
    source: "Wu et al., CVPR 2018",
  },
  options: z.strictObject({
    /** One number of neighbours, or several. */
    k: z.union([neighbours, z.array(neighbours).min(1).max(100)]).default(20),
    /** `embedding`: what the projection head makes of the features. */
    on: z.enum(["features", "embedding", "both"]).default("features"),
    temperature: z.number().positive().max(1e6).default(0.07),
  }),
  needs: ({ k }) => ({ labels: true, gallery: Math.max(...[k].flat()) + 1 }),
  create: (options, { signal }) => new KnnEvaluator(options, signal),
});
