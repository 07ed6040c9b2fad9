import { neededAugmenters } from "../evaluation/evaluator_views.ts";
import { augmenterModule } from "../images/pipeline/augmenter_module.ts";
import { type PipelineOptions, ViewPipeline } from "../images/pipeline/view_pipeline.ts";
import { autoWorkers } from "../images/pipeline/worker_count.ts";
import { requireFiles } from "../images/require_files.ts";
import { StandIns } from "../images/stand_ins.ts";
import type { Augmenter } from "../interfaces/augmenter.ts";
import type { DataSource } from "../interfaces/data_source.ts";
import type { Engine } from "../interfaces/engine.ts";
import type { Host } from "../interfaces/host.ts";
import type { PluginContext, PluginKind, PluginKinds } from "../interfaces/plugin.ts";
import { firstSays } from "../processes/first_says.ts";
import { type Processes, processesHere } from "../processes/processes.ts";
import type { Teacher } from "../interfaces/teacher.ts";
import type { PluginUse, Recipe } from "../recipe/recipe.ts";
import { checkImages } from "./check_images.ts";
import { type SkippedImages, type WithoutBroken, withoutBroken } from "./without_broken.ts";
import { openEngine } from "./choose_engine.ts";
import { createPlugin, pluginContext, pluginsOf, trainingAugmenters } from "./create_plugin.ts";

/** What a process has once, however many students learn in it. Whoever made it disposes of it. */
export interface ProcessParts {
  readonly engine: Engine;
  /** What to train on, as it is listed; and what to evaluate on, without what does not decode. */
  readonly data: DataSource;
  /** All of it as it is listed, with what does not decode. */
  readonly listed: DataSource;
  /** In the place of images to train on that do not decode. */
  readonly standIns: StandIns;
  /** Images that are left out, since they do not decode. */
  readonly skipped: SkippedImages;
  /** By number: what makes views, then what makes small patches, one a stream of them. */
  readonly augmenters: readonly Augmenter[];
  /** The teacher that students learn from; null: there is none. */
  readonly teacher: Teacher | null;
  /** The teacher that evaluations compare with: the recipe's, or one for evaluation alone. */
  readonly referenceTeacher: Teacher | null;
  readonly pipeline: ViewPipeline;
  /** All processes of the run; null: this one is alone. */
  readonly processes: Processes | null;
}

/**
 * Makes them: what can fail for want of a file first, the engine's download and the networks after.
 *
 * @throws {RunError} If data, weights or device are not there.
 */
export async function createProcessParts(
  recipe: Recipe,
  outer: Host,
  processes: Processes | null = null,
): Promise<ProcessParts & AsyncDisposable> {
  const host = firstSays(outer, processes);
  await using stack = new AsyncDisposableStack();
  const make = async <K extends PluginKind>(
    use: PluginUse<K>,
    more: Omit<PluginKinds[K]["context"], keyof PluginContext> = {} as never,
  ) => await createPlugin(use, { ...pluginContext(use, recipe.seed, host), ...more });

  const listed = stack.use(await make(recipe.data));
  let pipeline: ViewPipeline | null = null;
  let found: WithoutBroken = {
    data: listed,
    standIns: new StandIns(listed.train.length),
    skipped: { count: 0, images: [] },
  };
  if (recipe.data.on_error === "skip") {
    pipeline = stack.use(await startPipeline(recipe, outer, processes));
    found = await withoutBroken(listed, pipeline, host, processes);
  } else await requireFiles(listed, host);
  checkImages(recipe, found.data, host);
  const augmenters: Augmenter[] = [];
  for (const use of trainingAugmenters(recipe)) augmenters.push(await make(use));
  for (const use of pluginsOf(recipe)) {
    await use.plugin.checkFiles?.(use.options as never, pluginContext(use, recipe.seed, host));
  }
  const engine = stack.use(await openEngine(recipe, host, processesHere(processes)));
  const teacher = recipe.teacher && stack.use(await make(recipe.teacher, { engine }));
  const compared = recipe.evaluate.teacher;
  const referenceTeacher = compared ? stack.use(await make(compared, { engine })) : teacher;
  pipeline ??= stack.use(await startPipeline(recipe, outer, processes));
  const owned = stack.move();
  return {
    ...{ engine, listed, ...found, augmenters, teacher, referenceTeacher, pipeline, processes },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function startPipeline(
  recipe: Recipe,
  host: Host,
  processes: Processes | null,
): Promise<ViewPipeline> {
  return await ViewPipeline.start(pipelineOptions(recipe, host, processes));
}

/** How the pipeline of a recipe's views is made. */
export function pipelineOptions(
  recipe: Recipe,
  { log, signal }: Host,
  processes: Processes | null = null,
): PipelineOptions {
  const { train, seed, evaluate } = recipe;
  return {
    augmenters: [...trainingAugmenters(recipe), ...neededAugmenters(evaluate.evaluators)].map(
      augmenterModule,
    ),
    workers: train.workers === "auto" ? autoWorkers(processesHere(processes)) : train.workers,
    ...{ seed, log, signal },
  };
}
