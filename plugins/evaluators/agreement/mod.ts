/**
 * Agreement with the teacher: the share of a query's nearest neighbours, among the other queries, that are the
 * teacher's too. It is what SEED's loss asks for, on pictures that training never saw.
 *
 * @module
 */
import {
  definePlugin,
  type EmbeddedSet,
  type EvaluationInputs,
  type Evaluator,
  type Figures,
  nearestNeighbours,
  RunError,
  z,
} from "@seed/core";

class AgreementEvaluator implements Evaluator {
  readonly name = "agreement";
  readonly usesTeacher = true;

  constructor(private readonly k: number) {}

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
    const [mine, theirs] = [await this.#neighbours(subject.queries), await this.#neighbours(teacher.queries)];
    const shared = mine.reduce(
      (sum, indices, q) => sum + indices.filter((row) => theirs[q].includes(row)).length,
      0,
    );
    return { overlap: shared / (mine.length * this.k), chance: this.k / others };
  }

  async #neighbours({ features: data, featureDim: dim }: EmbeddedSet): Promise<Int32Array[]> {
    const matrix = { data, dim };
    const found = await nearestNeighbours(matrix, matrix, {
      k: this.k,
      excluded: (query, row) => query === row,
    });
    return found.map(({ indices }) => indices);
  }
}

export default definePlugin({
  kind: "evaluator",
  name: "@seed/evaluator-agreement",
  apiVersion: 1,
  about: { summary: "Share of nearest neighbours on held-out images that are the teacher's too" },
  options: z.strictObject({ k: z.int().positive().default(10) }),
  check: (_options, { hasTeacher }) =>
    hasTeacher ? [] : [{
      key: "plugin",
      message:
        "The evaluator agreement needs a teacher to compare with; add evaluate.teacher, or take it out",
    }],
  create: ({ k }) => new AgreementEvaluator(k),
});
