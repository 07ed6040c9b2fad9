/**
 * The part of the core that programs use which run recipes: the command line, tests, benches. What plugins need is
 * in `@seed/core`; nothing here is promised to stay.
 *
 * @module
 */
export type { Host } from "./interfaces/host.ts";
export { openEngine } from "./parts/choose_engine.ts";
export { createPlugin, pluginContext } from "./parts/create_plugin.ts";
export { pipelineOptions } from "./parts/process_parts.ts";
export { breathe } from "./evaluation/breathe.ts";
export { embedBatches, type Rows } from "./evaluation/embed_images.ts";
export { type Components, principalComponents, project } from "./evaluation/principal_components.ts";
export { turnedTo } from "./evaluation/turned_to.ts";
export { unitMatrix } from "./evaluation/unit_matrix.ts";
export { embedImages } from "./evaluation/embed_images.ts";
export { folderSize } from "./files/folder_size.ts";
export { type Evaluated, Evaluation, type EvaluatorInUse } from "./evaluation/evaluation.ts";
export { neededAugmenters, viewMakers } from "./evaluation/evaluator_views.ts";
export { cacheDirectory } from "./fetch/cache_directory.ts";
export { sha256OfFile } from "./fetch/file_hash.ts";
export { checkPip } from "./fetch/check_pip.ts";
export { tryLockFile } from "./files/file_lock.ts";
export { exists } from "./files/path_exists.ts";
export { memoryLimit } from "./memory_limit.ts";
export { isOfSystem, writing } from "./files/writing.ts";
export { BrokenImageError } from "./images/broken_image_error.ts";
export { requireFiles } from "./images/require_files.ts";
export { type SkippedImages, withoutBroken, withoutBrokenImages } from "./parts/without_broken.ts";
export { preprocessModule } from "./images/browser/preprocess_module.ts";
export { augmenterModule, type AugmenterUse } from "./images/pipeline/augmenter_module.ts";
export { decode } from "./images/pipeline/decode_lazily.ts";
export { resize } from "./images/pipeline/resample.ts";
export { autoWorkers } from "./images/pipeline/worker_count.ts";
export {
  type Batch,
  type BatchRequest,
  type BrokenImage,
  type PipelineOptions,
  ViewPipeline,
} from "./images/pipeline/view_pipeline.ts";
export { agree, factsOf, listingFact } from "./processes/agree.ts";
export { firstSays } from "./processes/first_says.ts";
export { StoppedTogether } from "./processes/go_on_together.ts";
export { isFirst, processesHere } from "./processes/processes.ts";
export {
  loadRecipe,
  loadRecipeParts,
  loadRecipes,
  type RecipeDefaults,
  type RecipePart,
} from "./recipe/load_recipe.ts";
export type { ObjectiveUse, PluginUse, Recipe, SmallPatches } from "./recipe/recipe.ts";
export { type JsonSchema, recipeSchema, type SchemaSources } from "./recipe/json_schema.ts";
export { importExports, type LoadedPlugin, loadPlugin } from "./recipe/plugin_loader.ts";
export type { Trust } from "./recipe/plugin_trust.ts";
export { shortPath } from "./text/short_path.ts";
export { RecipeError } from "./recipe/recipe_file.ts";
export { checkOptions } from "./recipe/check_options.ts";
export { recipeName } from "./recipe/recipe_name.ts";
export { saveStudent } from "./run/checkpoint.ts";
export { Problems } from "./run/problems.ts";
export { checkForProcesses } from "./run/company.ts";
export { follow } from "./run/follow.ts";
export { distillTogether } from "./run/distill_together.ts";
export { studentsIn } from "./run/newest_run.ts";
export { distill, type DistillOptions, type DistillResult } from "./run/distill.ts";
export { type DryRun, dryRun, type DryRunOptions, type DryRunTiming } from "./run/dry_run.ts";
export { checkInitialWeights } from "./run/initial_weights.ts";
export { loadInitialStudent, loadTrainedStudent } from "./run/trained_student.ts";
export { fillCaches, type FilledCaches, type FillProgress } from "./teacher_cache/fill_caches.ts";
export { type CacheSummary, type DamagedCache, listCaches } from "./teacher_cache/list_caches.ts";
export { formatBytes } from "./text/format_bytes.ts";
export { escapeHtml } from "./text/html.ts";
export { SEED_VERSION } from "./version.ts";
export { makeConsoleSafe } from "./text/safe_console.ts";
export { type LossTerm, singleTerm } from "./training/loss_terms.ts";
export { learningRate } from "./training/schedule.ts";
export { Snapshot } from "./training/snapshot.ts";
export type { StepResult } from "./training/step_under_way.ts";
export { type StepOptions, type StepParts, TrainingStep } from "./training/training_step.ts";
export { disposeBatch, type StepBatch, type StreamBatch } from "./training/step_batch.ts";
export { positionOf, type StepPosition } from "./training/step_position.ts";
export { AdamW, type AdamWOptions } from "./training/optimizers/adamw.ts";
export { createOptimizer } from "./training/optimizers/create_optimizer.ts";
export { frozenBy } from "./training/freeze.ts";
export { type TrainOptions, trainSchema } from "./recipe/schema.ts";
export { Lars, type LarsOptions } from "./training/optimizers/lars.ts";
export type { Optimizer } from "./training/optimizers/optimizer.ts";
export { viewKey } from "./views/view_source.ts";
export { streamsOf, VIEWS, type ViewStream } from "./views/streams.ts";
export { fillNeeds, type Needs } from "./recipe/objective_needs.ts";
export { writeNpy } from "./weights/npy.ts";
export { withValuesSetLater } from "./weights/initial_values.ts";
export { readParameters } from "./weights/state_dict.ts";
export { comparisonOutcome, renderComparison } from "./run/report/comparison/page.ts";
export { renderRun } from "./run/report/page.ts";
export { readRun, type RunContent } from "./run/report/run_content.ts";
export { verdictFigures } from "./run/report/run_figures.ts";
export { runSummary } from "./run/report/run_summary.ts";
export { sentencesOf, type Verdict, verdictOf } from "./run/report/verdict.ts";
export { RUN_FILES, RunFolder } from "./run/run_folder.ts";
