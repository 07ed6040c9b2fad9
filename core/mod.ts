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
export * from "./atomic_file.ts";
export * from "./augmentation/color_jitter.ts";
export * from "./augmentation/operations.ts";
export * as augmenterOptions from "./augmentation/options.ts";
export * from "./augmentation/random_crop.ts";
export * from "./augmentation/random_distortions.ts";
export * from "./augmentation/random_views.ts";
export * from "./augmentation/render_view.ts";
export * from "./augmenter.ts";
export * from "./cache_directory.ts";
export * from "./classification.ts";
export * from "./clock.ts";
export * from "./components.ts";
export * from "./data_source.ts";
export * from "./download.ts";
export * from "./duration.ts";
export * from "./embed_images.ts";
export * from "./engine.ts";
export * from "./errors.ts";
export * from "./evaluation.ts";
export * from "./evaluator.ts";
export * from "./file_hash.ts";
export * from "./format_bytes.ts";
export * from "./fused.ts";
export * from "./html.ts";
export * from "./gunzip.ts";
export * from "./image_names.ts";
export * from "./install_once.ts";
export * from "./logger.ts";
export * from "./loss_chart.ts";
export * from "./loss_terms.ts";
export * from "./nearest.ts";
export * from "./neighbour_bags.ts";
export * from "./neighbours.ts";
export * from "./npy.ts";
export * from "./npm_package.ts";
export * from "./noise.ts";
export * from "./objective.ts";
export * from "./optimizers/adamw.ts";
export * from "./optimizers/lars.ts";
export * from "./optimizers/optimizer.ts";
export * from "./optimizers/sgd.ts";
export * from "./checkpoint.ts";
export * from "./diagnosis.ts";
export * from "./distill.ts";
export * from "./dry_run.ts";
export * from "./packed/image_index.ts";
export * from "./packed/labels.ts";
export * from "./packed/packed_images.ts";
export * from "./packed/packed_texts.ts";
export * from "./packed/pixel_records.ts";
export * from "./path_exists.ts";
export * from "./pip_package.ts";
export * from "./pipeline/center_view.ts";
export * from "./pipeline/decode.ts";
export * from "./pipeline/load_image.ts";
export * from "./pipeline/resample.ts";
export * from "./pipeline/view_pipeline.ts";
export * from "./plugin.ts";
export * from "./plugin_loader.ts";
export * from "./published_file.ts";
export * from "./queue.ts";
export * from "./random.ts";
export * from "./read_range.ts";
export * from "./recipe/load_recipe.ts";
export * from "./recipe/recipe_document.ts";
export * from "./run_directory.ts";
export * from "./safetensors.ts";
export * from "./sampler.ts";
export * from "./schedule.ts";
export * from "./shared_student.ts";
export * from "./snapshot.ts";
export * from "./stand_in_image.ts";
export * from "./state_dict.ts";
export * from "./student.ts";
export * from "./student_encoder.ts";
export * from "./tar/read_tar.ts";
export * from "./tar/write_tar.ts";
export * from "./teacher.ts";
export * from "./teacher_cache/cache_manifest.ts";
export * from "./teacher_cache/fill_caches.ts";
export * from "./teacher_cache/list_caches.ts";
export * from "./teacher_cache/open_caches.ts";
export * from "./tensor_layout.ts";
export * from "./tf.ts";
export * from "./trained_student.ts";
export * from "./view_source.ts";
export * from "./weight_average.ts";
export * from "./weights_file.ts";
export * from "./training_step.ts";
export * from "./without_broken.ts";
export { z } from "zod";
