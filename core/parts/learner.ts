import { copyValue } from "../engine/own_data.ts";
import type { EvaluatorInUse } from "../evaluation/evaluation.ts";
import { viewMakers } from "../evaluation/evaluator_views.ts";
import type { Host } from "../interfaces/host.ts";
import type { Objective } from "../interfaces/objective.ts";
import type { PluginContext, PluginKind, PluginKinds } from "../interfaces/plugin.ts";
import type { InitialWeights, InitialWeightsRecord, Parameter, Student } from "../interfaces/student.ts";
import type { PluginUse, Recipe } from "../recipe/recipe.ts";
import { createOptimizer } from "../training/optimizers/create_optimizer.ts";
import { stepOptions, TrainingStep } from "../training/training_step.ts";
import { WeightAverage } from "../training/weight_average.ts";
import { frozenBy } from "../training/freeze.ts";
import { withValuesSetLater } from "../weights/initial_values.ts";
import { createPlugin, pluginContext, trainingAugmenters } from "./create_plugin.ts";
import { createTerms } from "./create_terms.ts";
import { loadInitialWeights, requireFrozen } from "./initial_student.ts";
import type { ProcessParts } from "./process_parts.ts";
import type { LossTerm } from "../training/loss_terms.ts";

/** What a student has: its weights and everything that trains and measures them. */
export class Learner implements Disposable {
  private constructor(
    readonly student: Student,
    /** Null: the weights are taken as they are. */
    readonly average: WeightAverage | null,
    /** One an objective, and one more each with small patches. */
    readonly terms: readonly LossTerm[],
    readonly step: TrainingStep,
    readonly evaluators: readonly EvaluatorInUse[],
    /** What the student began from; null: from noise, or it goes on from a checkpoint. */
    readonly initialWeights: InitialWeightsRecord | null,
    /** Makes another student with the values that it has of noise, nothing of it frozen; the caller's to dispose of. */
    readonly createUntrained: () => Promise<Student>,
    private readonly owned: DisposableStack,
  ) {}

  /**
   * Makes a recipe's student, and what it learns by.
   *
   * @param initial The file that the student begins from; null: from noise, or it is to go on from a checkpoint.
   * @throws {RunError} If weights that it begins with are not there or do not fit.
   * @throws {UsageError} If `train.freeze` names nothing of it.
   */
  static async create(
    recipe: Recipe,
    { engine, teacher, pipeline, processes }: Pick<
      ProcessParts,
      "engine" | "teacher" | "pipeline" | "processes"
    >,
    host: Host,
    initial: InitialWeights | null,
  ): Promise<Learner> {
    using stack = new DisposableStack();
    const make = async <K extends PluginKind>(
      use: PluginUse<K>,
      more: Omit<PluginKinds[K]["context"], keyof PluginContext>,
    ) => await createPlugin(use, { ...pluginContext(use, recipe.seed, host), ...more });
    const teacherDim = teacher?.embeddingDim ?? null;
    const isFrozen = frozenBy(recipe.train.freeze);
    const given = { engine, embeddingDim: teacherDim, teacherHead: teacher?.head ?? null };
    const createUntrained = () => make(recipe.student, given);
    const create = () => make(recipe.student, { ...given, isFrozen });

    const student = stack.use(await create());
    requireFrozen(recipe, student);
    const initialWeights = initial && await loadInitialWeights(recipe.student, student, initial, host);
    const createStudent = async () => withValuesOf(student, await withValuesSetLater(create));
    const average = recipe.train.ema === null
      ? null
      : stack.use(new WeightAverage(await createStudent(), recipe.train.ema));
    const { embeddingDim, featureDim } = student, { train: { bn_splits: bnSplits } } = recipe;
    const objectives: Objective[] = [];
    for (const use of recipe.objectives) {
      const given = {
        ...{ engine, createStudent, embeddingDim, featureDim, teacherDim, bnSplits },
        ...{ studentMapDim: student.mapDim ?? null, teacherMapDim: teacher?.mapDim ?? null },
      };
      const objective = await make(use, given);
      stack.defer(() => objective[Symbol.dispose]?.());
      objectives.push(objective);
    }
    const terms = await createTerms(
      recipe,
      objectives,
      async (use, batchSize) => stack.use(await make(use, { engine, embeddingDim, batchSize })),
    );
    const optimizer = (parameters: readonly Parameter[]) => createOptimizer(parameters, recipe.train);
    const step = stack.use(
      new TrainingStep(
        { engine, student, terms, average, optimizer, processes },
        stepOptions(recipe.train, recipe.seed),
      ),
    );
    const uses = recipe.evaluate.evaluators, evaluators: EvaluatorInUse[] = [];
    const views = viewMakers(uses, pipeline, trainingAugmenters(recipe).length);
    for (const [i, use] of uses.entries()) {
      evaluators.push({ evaluator: await make(use, { engine }), views: views[i] });
    }
    return new Learner(
      student,
      average,
      terms,
      step,
      evaluators,
      initialWeights,
      createUntrained,
      stack.move(),
    );
  }

  /** What is evaluated and written: the average of the weights if there is one. */
  get result(): Student {
    return this.average?.student ?? this.student;
  }

  /** Another student with the result's present values, nothing of it frozen; the caller's to dispose of. */
  async copyResult(): Promise<Student> {
    return withValuesOf(this.result, await withValuesSetLater(this.createUntrained));
  }

  [Symbol.dispose](): void {
    this.owned.dispose();
  }
}

/** Gives a student the values of another, which then goes its own way. */
function withValuesOf(of: Student, student: Student): Student {
  student.parameters.forEach(({ variable }, i) => copyValue(variable, of.parameters[i].variable));
  return student;
}
