/**
 * Agreement with the teacher: the share of a query's nearest neighbours, among the other queries, that are the
 * teacher's too, on pictures that training never saw. `overlap` is measured between the embeddings that SEED's loss
 * compares, the projection head's and the teacher's; `features_overlap` takes the backbone's features instead.
 *
 * @module
 */
import {
  definePlugin,
  type EmbeddedSet,
  type EvaluationInputs,
  type Evaluator,
  type Figures,
  type Matrix,
  nearestNeighbours,
  RunError,
  z,
} from "@seed/core";

class AgreementEvaluator implements Evaluator {
  readonly name = "agreement";
  readonly usesTeacher = true;

  constructor(private readonly k: number, private readonly signal: AbortSignal) {}

  async evaluate({ subject, teacher }: EvaluationInputs): Promise<Figures> {
    const others = subject.queries.images.length - 1;
    if (!teacher) {
      throw new RunError(
        "The evaluator agreement needs a teacher; take it out of evaluate, or add evaluate.teacher",
      );
    }
    if (this.k > others) {
      throw new RunError(`The evaluator agreement asks for ${this.k} neighbours of ${others} images`);
    }
    const theirs = await this.#neighbours(embeddingOf(teacher.queries));
    const overlap = async (matrix: Matrix) => sharedPart(await this.#neighbours(matrix), theirs);
    return {
      overlap: await overlap(embeddingOf(subject.queries)),
      features_overlap: await overlap(featuresOf(subject.queries)),
      chance: this.k / others,
    };
  }

  async #neighbours(matrix: Matrix): Promise<Int32Array[]> {
    const found = await nearestNeighbours(matrix, matrix, {
      k: this.k,
      excluded: (query, row) => query === row,
      signal: this.signal,
    });
    return found.map(({ indices }) => indices);
  }
}

function featuresOf({ features: data, featureDim: dim }: EmbeddedSet): Matrix {
  return { data, dim };
}

function embeddingOf(set: EmbeddedSet): Matrix {
  return set.embedding ? { data: set.embedding.values, dim: set.embedding.dim } : featuresOf(set);
}

/** Share of the entries of each list that the other has too. */
function sharedPart(mine: readonly Int32Array[], theirs: readonly Int32Array[]): number {
  const counts = mine.map((rows, query) =>
    rows.filter((row) => theirs[query].includes(row)).length / rows.length
  );
  return counts.reduce((a, b) => a + b, 0) / counts.length;
}

export default definePlugin({
  kind: "evaluator",
  name: "@seed/evaluator-agreement",
  apiVersion: 1,
  about: { summary: "Share of nearest neighbours on held-out images that are the teacher's too" },
  options: z.strictObject({ k: z.int().positive().max(10_000).default(10) }),
  needs: ({ k }) => ({ queries: k + 1 }),
  check: (_options, { hasTeacher }) =>
    hasTeacher ? [] : [{
      key: "plugin",
      message:
        "The evaluator agreement needs a teacher to compare with; add evaluate.teacher, or take it out",
    }],
  create: ({ k }, { signal }) => new AgreementEvaluator(k, signal),
});
