import { resolve } from "node:path";
import type { Augmenter } from "./interfaces/augmenter.ts";
import type { DataSource } from "./interfaces/data_source.ts";
import type { Engine } from "./interfaces/engine.ts";
import { RunError, UsageError } from "./errors.ts";
import type { EvaluatorInUse } from "./evaluation/evaluation.ts";
import { neededAugmenters, viewMakers } from "./evaluation/evaluator_views.ts";
import { type BatchNeeds, type LossTerm, needsOf } from "./training/loss_terms.ts";
import type { Objective } from "./interfaces/objective.ts";
import { augmenterModule } from "./images/pipeline/augmenter_module.ts";
import { autoWorkers, type PipelineOptions, ViewPipeline } from "./images/pipeline/view_pipeline.ts";
import { cacheDirOf, contextOf } from "./plugin_context.ts";
import type { PluginContext, PluginKind, PluginKinds } from "./interfaces/plugin.ts";
import type { Queue } from "./interfaces/queue.ts";
import type { ObjectiveUse, PluginUse, Recipe } from "./recipe/load_recipe.ts";
import type { Student } from "./interfaces/student.ts";
import type { Teacher } from "./interfaces/teacher.ts";
import { WeightAverage } from "./training/weight_average.ts";
import { type SkippedImages, withoutBroken } from "./images/without_broken.ts";

/** What plugins need of the program that runs them. */
export interface Host {
  log(message: string): void;
  signal: AbortSignal;
}

/** Everything that a recipe names, made. Disposes of all of it, last made first. */
export class Components implements AsyncDisposable {
  engine!: Engine;
  data!: DataSource;
  augmenter!: Augmenter;
  teacher: Teacher | null = null;
  /** The teacher that evaluations compare with: the recipe's, or one for evaluation alone. */
  referenceTeacher: Teacher | null = null;
  student!: Student;
  /** Null: the weights are taken as they are. */
  average: WeightAverage | null = null;
  objectives: Objective[] = [];
  /** One an objective, and one more each with small patches. */
  terms: LossTerm[] = [];
  /** What the terms need of a batch. */
  needs!: BatchNeeds;
  /** What makes small patches, one a stream of them. */
  patchAugmenters: Augmenter[] = [];
  evaluators: EvaluatorInUse[] = [];
  /** Images that are left out, since they do not decode. */
  skipped: SkippedImages = { count: 0, images: [] };
  pipeline!: ViewPipeline;
  readonly #stack = new AsyncDisposableStack();

  private constructor(private readonly recipe: Recipe, private readonly host: Host) {}

  /**
   * Makes them: what can fail for want of a file first, the engine's download and the networks after.
   *
   * @throws {RunError} If data, weights or device are not there.
   */
  static async create(recipe: Recipe, host: Host): Promise<Components> {
    const made = new Components(recipe, host);
    try {
      await made.#create();
      return made;
    } catch (error) {
      await made[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #create(): Promise<void> {
    const { recipe } = this, { batch_size: batchSize } = recipe.train;
    this.data = this.#stack.use(await this.#make(recipe.data));
    if (recipe.data.on_error === "skip") await this.#skipBroken();
    if (this.data.train.length < batchSize) {
      throw new RunError(
        `The data has ${this.data.train.length} images, fewer than train.batch_size ${batchSize}; lower it, or check data.root`,
      );
    }
    if (recipe.evaluate.evaluators.length > 0 && !this.data.evaluation) {
      throw new RunError(
        "The recipe evaluates, but the data has nothing to evaluate on; give it queries (a folder has them in val/, others by data.queries), or take evaluate out",
      );
    }
    this.augmenter = await this.#make(recipe.augmenter);
    for (const { augmenter } of recipe.smallPatches) this.patchAugmenters.push(await this.#make(augmenter));
    for (const use of pluginsOf(recipe)) {
      await use.plugin.checkFiles?.(use.options as never, pluginContext(use, recipe.seed, this.host));
    }
    const engine = this.#stack.use(await openEngine(recipe, this.host));
    this.engine = engine;
    if (recipe.teacher) this.teacher = this.#stack.use(await this.#make(recipe.teacher, { engine }));
    const { teacher } = recipe.evaluate;
    this.referenceTeacher = teacher ? this.#stack.use(await this.#make(teacher, { engine })) : this.teacher;
    this.student = this.#stack.use(await this.#createStudent());
    if (recipe.train.ema !== null) {
      // The same values as the student's: draws are keyed by seed and name.
      this.average = this.#stack.use(new WeightAverage(await this.#createStudent(), recipe.train.ema));
    }
    await this.#createTerms();
    const { evaluators: uses } = recipe.evaluate;
    const evaluators = [];
    for (const use of uses) evaluators.push(await this.#make(use, { engine }));
    this.pipeline ??= this.#stack.use(await this.#startPipeline());
    const views = viewMakers(uses, this.pipeline, trainingAugmenters(recipe).length);
    this.evaluators = evaluators.map((evaluator, i) => ({ evaluator, views: views[i] }));
  }

  async #skipBroken(): Promise<void> {
    this.pipeline = this.#stack.use(await this.#startPipeline());
    const { data, skipped } = await withoutBroken(this.data, this.pipeline, this.host);
    this.data = data;
    this.skipped = skipped;
  }

  /** What is evaluated and written: the average of the weights if there is one. */
  get result(): Student {
    return this.average?.student ?? this.student;
  }

  /** Another student with the result's present values; the caller's to dispose of. */
  async copyResult(): Promise<Student> {
    const copy = await this.#createStudent();
    copy.parameters.forEach(({ variable }, i) => variable.assign(this.result.parameters[i].variable));
    return copy;
  }

  async #createStudent(): Promise<Student> {
    const embeddingDim = this.teacher?.embeddingDim ?? null;
    return await this.#make(this.recipe.student, { engine: this.engine, embeddingDim });
  }

  async #createTerms(): Promise<void> {
    const { recipe, engine, student: { embeddingDim } } = this, createStudent = () => this.#createStudent();
    for (const [i, use] of recipe.objectives.entries()) {
      const objective = this.#stack.use(await this.#make(use, { engine, createStudent, embeddingDim }));
      this.#check(use, objective);
      this.objectives.push(objective);
      const number = i ? `_${i + 1}` : "", { weight } = use;
      const queue = await this.#createQueue(use, objective, use.queue ?? recipe.queue);
      this.terms.push({ objective, queue, queueName: `queue${number}`, weight, stream: 0 });
      for (const [stream, patches] of recipe.smallPatches.entries()) {
        this.terms.push({
          objective,
          queue: await this.#createQueue(use, objective, patches.queue ?? use.queue ?? recipe.queue),
          queueName: `small${stream ? `_${stream + 1}` : ""}_queue${number}`,
          weight: weight * patches.weight,
          stream: stream + 1,
        });
      }
    }
    this.needs = needsOf(this.terms);
  }

  async #createQueue(
    of: ObjectiveUse,
    { usesQueue = true }: Objective,
    use: PluginUse<"queue"> | null,
  ): Promise<Queue | null> {
    if (!usesQueue) return null;
    if (!use) {
      throw new UsageError(
        `${of.place}: The objective "${of.specifier}" needs a queue; add a section "queue"`,
      );
    }
    const { engine, student: { embeddingDim }, recipe: { train: { batch_size: batchSize } } } = this;
    return this.#stack.use(await this.#make(use, { engine, embeddingDim, batchSize }));
  }

  #check({ place, specifier }: ObjectiveUse, objective: Objective): void {
    const said = (problem: string) => new UsageError(`${place}: The objective "${specifier}" ${problem}`);
    if (objective.usesTeacher && !this.teacher) throw said('needs a teacher; add a section "teacher"');
    if (this.recipe.smallPatches.length && objective.views > 1) {
      throw said(`needs ${objective.views} views, and small patches are one each; take small_patches out`);
    }
    if (objective.neighbours && !this.teacher) {
      throw said('looks for neighbours by the teacher; add a section "teacher"');
    }
  }

  async #startPipeline(): Promise<ViewPipeline> {
    return await ViewPipeline.start(pipelineOptions(this.recipe, this.host));
  }

  async #make<K extends PluginKind>(
    use: PluginUse<K>,
    more: Omit<PluginKinds[K]["context"], keyof PluginContext> = {} as never,
  ): Promise<PluginKinds[K]["creates"]> {
    return await createPlugin(use, { ...pluginContext(use, this.recipe.seed, this.host), ...more });
  }
}

/** How the pipeline of a recipe's views is made. */
export function pipelineOptions(recipe: Recipe, { log, signal }: Host): PipelineOptions {
  const { train, seed, evaluate } = recipe;
  return {
    augmenters: [...trainingAugmenters(recipe), ...neededAugmenters(evaluate.evaluators)].map(
      augmenterModule,
    ),
    workers: train.workers === "auto" ? autoWorkers() : train.workers,
    ...{ seed, log, signal },
  };
}

/** By stream. */
function trainingAugmenters({ augmenter, smallPatches }: Recipe): PluginUse<"augmenter">[] {
  return [augmenter, ...smallPatches.map((patches) => patches.augmenter)];
}

function pluginsOf(recipe: Recipe): Pick<PluginUse<PluginKind>, "plugin" | "options">[] {
  const { engine, data, teacher, student, queue, objectives, smallPatches, evaluate, loggers } = recipe;
  const uses = [engine, data, ...trainingAugmenters(recipe), teacher, student];
  const queues = [
    queue,
    ...smallPatches.map((patches) => patches.queue),
    ...objectives.map(({ queue }) => queue),
  ];
  const evaluators = [...evaluate.evaluators, ...neededAugmenters(evaluate.evaluators)];
  return [...uses, ...queues, evaluate.teacher, ...objectives, ...evaluators, ...loggers]
    .filter((use) => use !== null && use !== undefined);
}

/** Opens the recipe's engine, as the recipe asks for it. */
export async function openEngine(
  { engine, seed }: Pick<Recipe, "engine" | "seed">,
  host: Host,
): Promise<Engine> {
  const { device, trace } = engine;
  return await createPlugin(engine, { ...pluginContext(engine, seed, host), device, trace });
}

/**
 * Makes what a plugin makes.
 *
 * @param context {@link pluginContext} and what its kind is given besides.
 */
export async function createPlugin<K extends PluginKind>(
  use: Pick<PluginUse<K>, "plugin" | "options">,
  context: PluginContext & Omit<PluginKinds[K]["context"], keyof PluginContext>,
): Promise<PluginKinds[K]["creates"]> {
  return await use.plugin.create(use.options as never, context as PluginKinds[K]["context"]);
}

/** What every plugin is given. */
export function pluginContext(
  use: Pick<PluginUse<PluginKind>, "plugin">,
  seed: number,
  host: Host,
): PluginContext {
  return contextOf({ seed, cacheDir: cacheDirOf(use.plugin), base: resolve(".") }, host);
}
