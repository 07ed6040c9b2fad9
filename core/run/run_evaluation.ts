import type { Learner } from "../parts/learner.ts";
import type { ProcessParts } from "../parts/process_parts.ts";
import { type Evaluated, Evaluation } from "../evaluation/evaluation.ts";
import type { EvaluationRecord } from "../interfaces/logger.ts";
import type { Recipe } from "../recipe/load_recipe.ts";
import { tracedEncoder } from "../evaluation/student_encoder.ts";

/** Evaluations at their times: teacher and untrained student before training, the student later. */
export class RunEvaluation implements Disposable {
  readonly #evaluation: Evaluation;
  readonly #student: ReturnType<typeof tracedEncoder>;

  constructor(
    private readonly parts: Pick<
      ProcessParts,
      "engine" | "data" | "pipeline" | "augmenters" | "teacher" | "referenceTeacher"
    >,
    private readonly learner: Pick<Learner, "evaluators" | "result" | "copyResult">,
    private readonly recipe: Recipe,
    /** Aborted: stops before the next batch, with the signal's reason as the error. */
    signal: AbortSignal,
    private readonly report: (record: Pick<EvaluationRecord, "step" | "network"> & Evaluated) => void,
  ) {
    const { data, engine, pipeline } = parts, { evaluators, result } = learner;
    const options = { engine, pipeline, batchSize: Math.min(64, recipe.train.batch_size), signal };
    this.#evaluation = new Evaluation(evaluators, data.evaluation!, options);
    this.#student = tracedEncoder(engine, result);
  }

  async before(): Promise<void> {
    const teacher = await this.embedReference();
    if (teacher) this.report({ step: 0, network: "teacher", ...teacher });
    await this.#evaluateStudent(0, "untrained");
  }

  async student(step: number): Promise<void> {
    await this.#evaluateStudent(step, "student");
  }

  /** The teacher's embeddings, which agreement compares with. */
  async embedReference(): Promise<Evaluated | null> {
    const { teacher: taught, referenceTeacher: teacher, augmenters: [{ size }] } = this.parts;
    if (!teacher) return null;
    return await this.#evaluation.teacher(
      async (images) => [await teacher.embed(images)],
      teacher.inputSize ?? size,
      // In batches of the shape that training gives it: another would be another graph, with the weights once more.
      teacher === taught ? { batchSize: this.recipe.train.batch_size } : {},
    );
  }

  async #evaluateStudent(step: number, network: string): Promise<void> {
    const { augmenters: [{ size }] } = this.parts, copy = () => this.learner.copyResult();
    const found = await this.#evaluation.network(
      this.#student.encode,
      { name: step === 0 ? "the untrained student" : `the student at step ${step}`, size },
      { size, copy },
    );
    this.report({ step, network, ...found });
  }

  [Symbol.dispose](): void {
    this.#student[Symbol.dispose]();
  }
}
