/**
 * How often the nearest image of the gallery is of the query's class.
 *
 * ```yaml
 * evaluate: { nearest: { plugin: "./my_plugin.ts" } }
 * ```
 *
 * @module
 */
import {
  definePlugin,
  type EmbeddedSet,
  type EvaluationInputs,
  type Evaluator,
  type Figures,
  labelsOf,
  nearestNeighbours,
  z,
} from "@seed/core";

class MyEvaluator implements Evaluator {
  /** Key of its figures in `metrics.jsonl`. */
  readonly name = "my-plugin";

  /** @param signal Ends a search when the user interrupts. */
  constructor(private readonly k: number, private readonly signal: AbortSignal) {}

  /** @returns figures in 0..1, the same for the same inputs. */
  async evaluate({ subject: { gallery, queries }, report }: EvaluationInputs): Promise<Figures> {
    const [asked, known] = [queries, gallery].map(({ images }) => labelsOf(images, this.name));
    const { k, signal } = this;
    const found = await nearestNeighbours(matrixOf(queries), matrixOf(gallery), { k, signal });
    const hits = found.filter(({ indices }, query) => indices.some((row) => known[row] === asked[query]));
    report?.({
      protocol: `whether one of the ${k} nearest images is of the class`,
      ...{ gallery: gallery.images.length, queries: queries.images.length, seed: null },
    });
    return { hits: hits.length / found.length };
  }
}

function matrixOf({ features: data, featureDim: dim }: EmbeddedSet) {
  return { data, dim };
}

export default definePlugin({
  kind: "evaluator",
  name: "my-plugin", // in messages
  apiVersion: 1,
  about: { summary: "Whether one of the nearest images is of the class" },
  // Every key that a recipe may write beside `plugin`: checked before anything heavy loads.
  options: z.strictObject({ k: z.int().positive().max(100).default(1) }),
  // Data without classes, or with no more images than neighbours, is refused before the engine opens.
  needs: ({ k }) => ({ labels: true, gallery: k + 1 }),
  create: ({ k }, { signal }) => new MyEvaluator(k, signal),
});
