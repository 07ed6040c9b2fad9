import type { Learner } from "../parts/learner.ts";
import type { ProcessParts } from "../parts/process_parts.ts";
import { type Evaluated, Evaluation } from "../evaluation/evaluation.ts";
import type { EvaluationRecord } from "../interfaces/logger.ts";
import type { Student } from "../interfaces/student.ts";
import type { Recipe } from "../recipe/recipe.ts";
import type { Encoder } from "../evaluation/embed_images.ts";
import { tracedEncoder } from "../evaluation/student_encoder.ts";
import type { Embedded } from "../interfaces/evaluator.ts";
import { sliceSize } from "../views/sampler.ts";
import type { Course } from "./course.ts";
import type { SampleKeeper } from "./samples/sample_keeper.ts";

type EvaluatedParts = Pick<
  ProcessParts,
  "engine" | "data" | "pipeline" | "augmenters" | "teacher" | "referenceTeacher" | "processes"
>;

type EvaluatedLearner = Pick<Learner, "evaluators" | "result" | "copyResult" | "createUntrained">;

/** What a run is evaluated with, and when. */
export interface RunEvaluationOptions {
  recipe: Recipe;
  course: Pick<Course, "evaluatesAfter">;
  /** Aborted: stops before the next batch, with the signal's reason as the error. */
  signal: AbortSignal;
  /** Takes what a report shows of them beside figures; absent: another process does. */
  samples?: Pick<SampleKeeper, "add">;
  /** Takes the figures; of several processes the first has them. */
  report(record: Pick<EvaluationRecord, "step" | "network"> & Evaluated): void;
}

/**
 * Evaluations at their times: teacher and untrained student before training, the student later. A student that begins
 * from a file is evaluated before training as it is there (`initial`), beside one of noise (`untrained`). All processes
 * of a run take part in them, at the same times.
 */
export class RunEvaluation implements Disposable {
  readonly #evaluation: Evaluation;
  readonly #student: ReturnType<typeof tracedEncoder>;

  private constructor(
    private readonly parts: EvaluatedParts,
    private readonly learner: EvaluatedLearner,
    private readonly options: RunEvaluationOptions,
  ) {
    const { data, engine, pipeline, processes } = parts, { evaluators, result } = learner;
    const { signal, recipe: { train } } = options;
    this.#evaluation = new Evaluation(evaluators, data.evaluation!, {
      ...{ engine, pipeline, batchSize: Math.min(64, train.batch_size), signal, processes },
    });
    this.#student = tracedEncoder(engine, result);
  }

  /**
   * Prepares a run's evaluations; null: its recipe evaluates nothing.
   *
   * @param startStep Steps that were taken before: of a run that goes on, what is compared with is embedded.
   */
  static async open(
    parts: EvaluatedParts,
    learner: EvaluatedLearner,
    startStep: number,
    options: RunEvaluationOptions,
  ): Promise<RunEvaluation | null> {
    if (learner.evaluators.length === 0) return null;
    using stack = new DisposableStack();
    const evaluation = stack.use(new RunEvaluation(parts, learner, options));
    if (startStep > 0) await evaluation.#embedReference();
    stack.move();
    return evaluation;
  }

  /** Evaluates what is due: before training, at the ends of epochs that the recipe asks for, and after training. */
  async at(step: number): Promise<void> {
    if (step === 0) await this.#before();
    else if (this.options.course.evaluatesAfter(step)) await this.#evaluateStudent(step, "student");
  }

  async #before(): Promise<void> {
    const teacher = await this.#embedReference();
    if (teacher) this.options.report({ step: 0, network: "teacher", ...teacher });
    const { recipe } = this.options, beginsFromFile = recipe.student.weights !== null;
    if (beginsFromFile) await this.#evaluateNoise();
    await this.#evaluateStudent(0, beginsFromFile ? "initial" : "untrained");
  }

  /** What the student would be without its file. */
  async #evaluateNoise(): Promise<void> {
    using untrained = await this.learner.createUntrained();
    using encoder = tracedEncoder(this.parts.engine, untrained);
    const copy = () => this.learner.createUntrained();
    await this.#evaluate(
      encoder.encode,
      { step: 0, network: "untrained", name: "the untrained student" },
      copy,
    );
  }

  /** The teacher's embeddings, which agreement compares with. */
  async #embedReference(): Promise<Evaluated | null> {
    const { teacher: taught, referenceTeacher: teacher, augmenters: [{ size }], processes } = this.parts;
    const { samples, recipe: { train } } = this.options;
    if (!teacher) return null;
    return await this.#evaluation.teacher(
      async (images) => [await teacher.embed(images)],
      teacher.inputSize ?? size,
      // In batches of the shape that training gives it: another would be another graph, with the weights once more.
      {
        ...teacher === taught && { batchSize: sliceSize(train.batch_size, processes) },
        keep: async (subject) => await samples?.add("teacher", 0, subject),
      },
    );
  }

  async #evaluateStudent(step: number, network: string): Promise<void> {
    const name = step === 0 ? `the ${network} student` : `the student at step ${step}`;
    await this.#evaluate(this.#student.encode, { step, network, name }, () => this.learner.copyResult());
  }

  async #evaluate(
    encode: Encoder,
    { step, network, name }: { step: number; network: string; name: string },
    copy: () => Promise<Student>,
  ): Promise<void> {
    const { augmenters: [{ size }] } = this.parts, { samples } = this.options;
    const keep = async (subject: Embedded) => await samples?.add(network, step, subject);
    const found = await this.#evaluation.network(encode, { name, size, keep }, { size, copy });
    this.options.report({ step, network, ...found });
  }

  [Symbol.dispose](): void {
    this.#student[Symbol.dispose]();
  }
}
