/**
 * The core of SEED for Deno: the interfaces that plugins implement, and what they are given.
 *
 * @example A plugin is a plain object; its options are checked before anything heavy loads
 * ```ts
 * import { definePlugin, z } from "@seed/core";
 * import assert from "node:assert/strict";
 *
 * const plugin = definePlugin({
 *   kind: "evaluator",
 *   name: "my-width",
 *   apiVersion: 1,
 *   about: { summary: "Share of the features that are not zero" },
 *   options: z.strictObject({ threshold: z.number().min(0).default(1e-6) }),
 *   create: ({ threshold }) => ({
 *     name: "width",
 *     evaluate({ subject: { queries: { features } } }) {
 *       const active = features.filter((value) => Math.abs(value) > threshold);
 *       return Promise.resolve({ active: active.length / features.length });
 *     },
 *   }),
 * });
 *
 * assert.deepEqual(plugin.options.parse({}), { threshold: 1e-6 });
 * assert.throws(() => plugin.options.parse({ treshold: 1 }));
 * ```
 *
 * @module
 */
export * from "./files/atomic_file.ts";
export * from "./images/augmentation/color_jitter.ts";
export * from "./images/augmentation/operations.ts";
export * as augmenterOptions from "./images/augmentation/options.ts";
export * from "./images/augmentation/random_crop.ts";
export * from "./images/augmentation/random_distortions.ts";
export * from "./images/augmentation/random_views.ts";
export * from "./images/augmentation/render_view.ts";
export * from "./interfaces/augmenter.ts";
export * from "./fetch/cache_directory.ts";
export * from "./evaluation/classification.ts";
export * from "./run/clock.ts";
export * from "./components.ts";
export * from "./interfaces/data_source.ts";
export * from "./fetch/download.ts";
export * from "./text/duration.ts";
export * from "./evaluation/embed_images.ts";
export * from "./interfaces/engine.ts";
export * from "./errors.ts";
export * from "./evaluation/evaluation.ts";
export * from "./interfaces/evaluator.ts";
export * from "./fetch/file_hash.ts";
export * from "./text/format_bytes.ts";
export * from "./fused.ts";
export * from "./text/html.ts";
export * from "./fetch/gunzip.ts";
export * from "./images/image_names.ts";
export * from "./fetch/install_once.ts";
export * from "./interfaces/logger.ts";
export * from "./run/loss_chart.ts";
export * from "./training/loss_terms.ts";
export * from "./text/nearest.ts";
export * from "./views/neighbour_bags.ts";
export * from "./evaluation/neighbours.ts";
export * from "./weights/npy.ts";
export * from "./fetch/npm_package.ts";
export * from "./training/noise.ts";
export * from "./interfaces/objective.ts";
export * from "./training/optimizers/adamw.ts";
export * from "./training/optimizers/lars.ts";
export * from "./training/optimizers/optimizer.ts";
export * from "./training/optimizers/sgd.ts";
export * from "./run/checkpoint.ts";
export * from "./interfaces/diagnosis.ts";
export * from "./run/distill.ts";
export * from "./run/dry_run.ts";
export * from "./data/packed/image_index.ts";
export * from "./data/packed/labels.ts";
export * from "./data/packed/packed_images.ts";
export * from "./data/packed/packed_texts.ts";
export * from "./data/packed/pixel_records.ts";
export * from "./files/path_exists.ts";
export * from "./fetch/pip_package.ts";
export * from "./images/pipeline/center_view.ts";
export * from "./images/pipeline/decode.ts";
export * from "./images/pipeline/load_image.ts";
export * from "./images/pipeline/resample.ts";
export * from "./images/pipeline/view_pipeline.ts";
export * from "./interfaces/plugin.ts";
export * from "./recipe/plugin_loader.ts";
export * from "./fetch/published_file.ts";
export * from "./interfaces/queue.ts";
export * from "./random.ts";
export * from "./files/read_range.ts";
export * from "./recipe/load_recipe.ts";
export * from "./recipe/recipe_document.ts";
export * from "./run/run_directory.ts";
export * from "./weights/safetensors.ts";
export * from "./views/sampler.ts";
export * from "./training/schedule.ts";
export * from "./training/shared_student.ts";
export * from "./training/snapshot.ts";
export * from "./images/stand_in_image.ts";
export * from "./weights/state_dict.ts";
export * from "./interfaces/student.ts";
export * from "./evaluation/student_encoder.ts";
export * from "./data/tar/read_tar.ts";
export * from "./data/tar/write_tar.ts";
export * from "./interfaces/teacher.ts";
export * from "./teacher_cache/cache_manifest.ts";
export * from "./teacher_cache/fill_caches.ts";
export * from "./teacher_cache/list_caches.ts";
export * from "./teacher_cache/open_caches.ts";
export * from "./weights/tensor_layout.ts";
export * from "./tf.ts";
export * from "./run/trained_student.ts";
export * from "./views/view_source.ts";
export * from "./training/weight_average.ts";
export * from "./weights/weights_file.ts";
export * from "./training/training_step.ts";
export * from "./images/without_broken.ts";
export { z } from "zod";
