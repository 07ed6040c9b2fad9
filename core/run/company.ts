/**
 * What the processes of one run do together beside their steps: agree before the first, take the first one's state, stop
 * after the same step, and see to it that they have stayed alike.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { ProcessesError, type RunError, UsageError } from "../errors.ts";
import type { Learner } from "../parts/learner.ts";
import type { ProcessParts } from "../parts/process_parts.ts";
import { agree, factsOf, listingFact } from "../processes/agree.ts";
import { allGoOn } from "../processes/go_on_together.ts";
import type { Processes } from "../processes/processes.ts";
import { shareState } from "../processes/share_state.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { isCaching } from "../teacher_cache/open_caches.ts";
import type { tf } from "../tf.ts";
import type { Course } from "./course.ts";
import { BrokenStepError } from "./loop.ts";
import { trainingStateOf } from "./training_state.ts";

/** This process's part in what all of them do together. */
export class Company {
  readonly #variables: readonly tf.Variable[];

  constructor(private readonly processes: Processes, private readonly learner: Learner) {
    const { student, more, queues } = trainingStateOf(learner);
    this.#variables = [
      ...[...student, ...more].map(({ variable }) => variable),
      ...queues.flatMap(({ queue }) => [queue.embeddings, queue.pointer] as tf.Variable[]),
    ];
  }

  /**
   * Makes sure that all processes run the same.
   *
   * @param resumes Whether this process was told to go on with a run.
   * @throws {ProcessesError} If not, with what differs and where.
   */
  async agree(recipe: Recipe, parts: ProcessParts, { endStep }: Course, resumes: boolean): Promise<void> {
    const { engine, data: { train, evaluation }, teacher, referenceTeacher } = parts;
    await agree(this.processes, {
      ...factsOf(engine),
      "beginning": resumes ? "a checkpoint, by --resume" : "a new run",
      "precision": engine.arithmetic(recipe.train.precision, { training: true }),
      "recipe": createHash("sha256").update(recipe.resolved).digest("hex").slice(0, 16),
      "last step": endStep,
      "listing of images": listingFact(train),
      "listing of the gallery": evaluation && listingFact(evaluation.gallery),
      "listing of the queries": evaluation && listingFact(evaluation.queries),
      "teacher's weights": teacher?.weights?.sha256 ?? null,
      "weights that the student begins from": this.learner.initialWeights?.sha256 ?? null,
      "weights of the teacher that evaluations compare with": referenceTeacher?.weights?.sha256 ?? null,
    });
  }

  /**
   * Gives all processes the state of the first.
   *
   * @param step That it is of; of the first process.
   * @returns the step, in all of them.
   */
  async begin(step: number): Promise<number> {
    const { processes } = this;
    const told = await processes.broadcast(
      processes.rank === 0 ? new Uint8Array(Float64Array.of(step).buffer) : null,
    );
    await shareState(processes, this.#variables);
    return new Float64Array(told.slice().buffer)[0];
  }

  /**
   * Before each step: whether all go on. One that was asked to stop has all stop, after the same step.
   *
   * @param wants Whether this process would go on.
   */
  async goesOn(wants: boolean): Promise<boolean> {
    return await allGoOn(this.processes, { stops: !wants });
  }

  /**
   * Tells the first process, before the next step, why this one cannot take it: the first keeps the state, says why,
   * and ends all.
   */
  async fail(error: RunError): Promise<never> {
    await allGoOn(this.processes, { stops: false, failure: { at: this.processes.rank, error } });
    throw error;
  }

  /**
   * Compares the weights of all processes, to the bit: they are computed by each of them, from the same sums.
   *
   * @throws {BrokenStepError} If they differ, by a ProcessesError: the processors of two hosts compute differently. What
   *   the first has is no state of the run, to be kept or gone on from.
   */
  async requireAlike(step: number): Promise<void> {
    const hash = createHash("sha256");
    for (const variable of this.#variables) {
      const { buffer, byteOffset, byteLength } = await variable.data() as Float32Array;
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    }
    const { hosts } = this.processes, digests = await this.processes.exchange(hash.digest("hex"));
    const other = digests.findIndex((digest) => digest !== digests[0]);
    if (other < 0) return;
    throw new BrokenStepError(
      new ProcessesError(
        `After step ${step} process ${other} on ${hosts[other]} has other weights than process 0 on ${
          hosts[0]
        }: their processors or libraries compute differently; run all processes on machines of one kind`,
      ),
    );
  }
}

/**
 * What of a recipe several processes cannot do.
 *
 * @throws {UsageError} If a batch cannot be dealt out, or the teacher's embeddings would be kept by each for itself.
 */
export function checkForProcesses(recipe: Recipe, size: number): void {
  const { batch_size: batch, accumulate, bn_splits: splits } = recipe.train,
    parts = size * accumulate * splits;
  if (batch % parts) {
    const factors = [
      `${size} processes`,
      ...accumulate > 1 ? [`train.accumulate ${accumulate}`] : [],
      ...splits > 1 ? [`train.bn_splits ${splits}`] : [],
    ].join(", ");
    throw new UsageError(
      `${recipe.path}: train.batch_size ${batch} cannot be dealt out to ${factors}: set it to a multiple of ${parts}, for example ` +
        `${Math.max(1, Math.round(batch / parts)) * parts}`,
    );
  }
  if (recipe.train.mixup && batch / size / accumulate < 2) {
    throw new UsageError(
      `${recipe.path}: With train.mixup each process needs two images in a pass at least, got ${
        batch / size / accumulate
      }; ` +
        "lower --processes or train.accumulate, or raise train.batch_size",
    );
  }
  if (isCaching(recipe) && recipe.teacher.cache.dir === null) {
    throw new UsageError(
      `${recipe.path}: With several processes teacher.cache needs a folder that all of them see: set teacher.cache.dir, ` +
        "or teacher.cache=null",
    );
  }
}
